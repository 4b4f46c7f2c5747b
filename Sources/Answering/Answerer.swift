import Constraints
package import Documents
import Foundation
import Inference
package import Reading
import Results
package import Retrieval
import Tokenizer

/// A model that reads documents and answers from them. For one thread at a time.
package final class Answerer {
  private static let largeParameters = 1_000_000_000
  /// Tokens that stand after a document, a question with passages, and at most this share of a
  /// model's context.
  private static let promptRoom = (small: 1_024, large: 12_000, share: 4)

  let model: LanguageModel
  let tokenizer: TextTokenizer
  let format: PromptFormat
  /// For a model that is told to think; nil where nobody can tell it.
  private let thinkingFormat: PromptFormat?
  private let generator: AnswerGenerator
  let synopses: SynopsisWriter
  let kind: AnswerPlan.ModelKind
  /// The vocabulary as grammars know it, once one was asked for.
  private var knownGrammars: GrammarEngine?
  let energyWeights: EnergyWeights
  /// How the model answers when nobody chooses.
  package let route: AnswerRoute

  /// - Throws: `ModelError`, `TokenizerError` or `PromptError` when the folder is not a usable model.
  package init(folder: String, threads: Int = 0) throws {
    tokenizer = try ModelTokenizer.open(folder)
    model = try LanguageModel.load(folder: folder, threads: threads)
    format = try PromptFormat(tokenizer, try ModelPrompt.of(folder))
    thinkingFormat = format.prompt.withoutThinking == nil ? nil : try format.thinking(true)
    generator = AnswerGenerator(model: model, tokenizer: tokenizer, ends: format.ends)
    let isLarge = model.description.parameters >= Self.largeParameters
    synopses = SynopsisWriter(
      model: model, format: format, generator: generator, isLarge: isLarge,
      thinking: Self.thinking(format.prompt, Reasoning.synopsisTokens, seed: 0))
    kind = AnswerPlan.ModelKind(
      chooses: model.makeState().chooses, isLarge: isLarge, context: model.description.context)
    route = MeasuredRoute.route(of: folder)
    energyWeights = EnergyWeights.of(folder)
  }

  func format(_ options: AnswerOptions) -> PromptFormat {
    var chosen = options.thinkTokens ?? 0 > 0 ? thinkingFormat ?? format : format
    chosen.instructions = options.instructions
    chosen.said = options.turns
    chosen.tools = options.tools
    return chosen
  }

  /// Tokens of a text, without reading it.
  package func countTokens(_ text: String) -> Int { tokenizer.encode(text).count }

  /// Reads the document once, front to back, and does the task.
  /// - Throws: `ReadingError`; `.stopped` leaves nothing behind.
  package func read(
    _ document: Document, task: ReadingTask, options: AnswerOptions = AnswerOptions(),
    control: ReadingControl = ReadingControl()
  ) throws -> Answer {
    if let question = task.question, question.isBlank { throw ReadingError.emptyQuestion }
    // What cannot be had is said before hours of reading.
    _ = try thinking(options)
    try check(task, options)
    let reading = try reading(DocumentTokens(document, tokenizer, control), task, options, control)
    do {
      switch task {
      case .summarize(let focus): return try summarize(reading, focus: focus, options)
      case .ask(let question):
        if let tools = options.tools,
          let called = try calls(for: question, tools, from: reading, options)
        {
          return called
        }
        return try answer(question, from: reading, options)
      case .extract(let schema, let wish):
        return try extract(schema, about: wish, from: reading, options)
      case .chat: return try chat(reading, options)
      }
    } catch ReadingError.stopped {
      reading.stopping()
      throw ReadingError.stopped
    }
  }

  /// Only who asks for passages alone gets no reading: else it also serves evidence and summaries.
  func reading(
    _ tokens: DocumentTokens, _ task: ReadingTask, _ options: AnswerOptions,
    _ control: ReadingControl
  ) throws -> DocumentReading {
    let most = mostTokens(options)
    if options.route?.usesState == true, tokens.ids.count > most {
      throw ReadingError.beyondContext(tokens: tokens.ids.count, most: most)
    }
    if task == .chat, tokens.ids.count > most {
      throw ReadingError.beyondContext(tokens: tokens.ids.count, most: most)
    }
    if task != .chat, options.route == .passages || tokens.ids.count > most {
      PeakMemory.reset()
      let note = options.route == nil ? Self.note(tokens.ids.count, most) : nil
      return try DocumentReading(
        unread: tokens, model.makeState(), notes: [note].compactMap(\.self), control: control)
    }
    if case .extract(let schema, let wish) = task, let kind = options.each {
      return try open(tokens, each: kind, schema, wish, options, control)
    }
    return try open(
      tokens, options.isFocused ? task.question : nil, isChat: task == .chat,
      // A short text is its own summary.
      synopses: task.isOfWholeText && tokens.ids.count >= Self.leastSummarized ? options : nil,
      options, control)
  }

  /// Tokens of a document that can be read, and answered from with what stands after it.
  private func mostTokens(_ options: AnswerOptions) -> Int {
    guard let context = model.description.context, !options.goesBeyondContext else { return .max }
    let wanted = kind.isLarge ? Self.promptRoom.large : Self.promptRoom.small
    let room = min(wanted, context / Self.promptRoom.share)
    let thoughts = (try? thinking(options))??.budget ?? 0
    return max(context - room - options.mostTokens - thoughts, 0)
  }

  private static func note(_ tokens: Int, _ most: Int) -> String {
    "the document has \(tokens) tokens, more than the \(most) that this model can read and answer "
      + "from: nothing was read, and passages alone were looked at"
  }

  /// Reads the document once, front to back.
  /// - Parameters:
  ///   - focus: a question that the model reads with in mind, and that layers with a choice keep
  ///     tokens for; nil for a general reading, which any question may follow.
  ///   - synopses: how synopses of the parts are to be written on the way; nil for none.
  /// - Throws: `ReadingError`
  package func open(
    _ document: Document, focus: Question? = nil, synopses options: AnswerOptions? = nil,
    control: ReadingControl = ReadingControl()
  ) throws -> DocumentReading {
    try open(
      try DocumentTokens(document, tokenizer, control), focus, isChat: false, synopses: options,
      options ?? AnswerOptions(),
      control)
  }

  private func open(
    _ tokens: DocumentTokens, _ focus: Question?, isChat: Bool, synopses writing: AnswerOptions?,
    _ options: AnswerOptions, _ control: ReadingControl
  ) throws -> DocumentReading {
    PeakMemory.reset()
    let task = isChat ? .chat : focus.map(ReadingTask.ask)
    let format = format(options)
    return try DocumentReading(
      tokens, model, ReadingPrompt(opening: format.opening(task), probe: format.probe(task)),
      question: focus, writer: writing.map { synopses(tokens, focus, $0, control) },
      control: control)
  }

  func synopses(
    _ tokens: DocumentTokens, _ focus: Question?, _ options: AnswerOptions,
    _ control: ReadingControl
  ) -> Synopses {
    let route = options.route ?? route
    let task = focus.map(ReadingTask.ask)
    return Synopses(tokens, synopses, route, control: control) { [self] state in
      guard route.usesState else { return try emptyState(for: .summarize()) }
      return try ablated(state, options, openedFor: task)
    }
  }

  func writer(_ options: AnswerOptions) -> AnswerWriter {
    AnswerWriter(model: model, format: format(options), generator: generator)
  }

  func generator(_ format: PromptFormat) -> AnswerGenerator {
    AnswerGenerator(model: model, tokenizer: tokenizer, ends: format.ends)
  }

  /// - Throws: `GrammarError` where the library is not here.
  func grammars() throws -> GrammarEngine {
    if let known = knownGrammars { return known }
    let made = try GrammarEngine(
      tokenizer, count: model.description.vocabularySize, end: format.end)
    knownGrammars = made
    return made
  }

  /// What the question is asked on: the reading's state, or one that has read nothing.
  func state(
    for question: Question, _ route: AnswerRoute, _ reading: DocumentReading,
    _ options: AnswerOptions
  ) throws -> ReadingState {
    let before =
      route.usesState && reading.hasRead
      ? try ablated(reading.state, options, openedFor: reading.focus.map(ReadingTask.ask))
      : try emptyState(for: .ask(question), options)
    if options.turns.isEmpty { return before }
    let state = before.fork()
    try model.read(
      options.turns.flatMap(format(options).turn), into: state,
      atBoundary: { _ in try reading.control.checkStop() })
    return state
  }

  /// A state from which something was taken away.
  func ablated(
    _ state: ReadingState, _ options: AnswerOptions, openedFor task: ReadingTask?
  ) throws -> ReadingState {
    switch options.ablation {
    case .none: state
    case .all: try emptyState(for: task, options)
    case .lightning, .softmax: model.forgetting(options.ablation.kinds, state)
    }
  }

  /// A state that has read the opening and nothing else.
  func emptyState(
    for task: ReadingTask?, _ options: AnswerOptions = AnswerOptions()
  ) throws -> ReadingState {
    let state = model.makeState()
    try model.read(format(options).opening(task), into: state)
    return state
  }

  /// What the model answers when it is shown these passages and has read nothing else; it always
  /// does.
  /// - Throws: `ModelError`
  package func answer(_ question: Question, fromPassages passages: [String]) throws -> String {
    let ground = AnswerWriter.Ground(
      question: question, state: try emptyState(for: .ask(question)),
      mostTokens: AnswerOptions().mostTokens, control: ReadingControl(),
      thinking: try thinking(AnswerOptions()))
    return try writer(AnswerOptions()).candidate(passages, match: 1, ground).text
  }

  /// The attention that each unit gets from the task's probe.
  func attention(
    of task: ReadingTask, _ reading: DocumentReading, isAsked: Bool
  ) throws -> [Double] {
    guard isAsked else {
      return [Double](repeating: 0, count: reading.text.units.ranges.count)
    }
    return try reading.attention(of: format.probe(task), model)
  }

  /// With what was written on the way.
  static func seconds(
    since start: ContinuousClock.Instant, with reading: DocumentReading
  ) -> Double {
    (ContinuousClock.now - start) / .seconds(1) + reading.pass.writingSeconds
  }

  func figures(
    _ reading: DocumentReading, answering: Duration, generated: Int
  ) -> ReadingFigures {
    var figures = ReadingFigures()
    let read = reading.hasRead ? reading.documentTokens - reading.reusedTokens : 0
    figures.passes = read > 0 ? 1 : 0
    figures.focus = reading.hasRead ? reading.focus == nil ? "general" : "focused" : nil
    figures.tokensRead = read
    figures.reusedTokens = reading.reusedTokens > 0 ? reading.reusedTokens : nil
    figures.seconds = reading.pass.seconds
    figures.resumedFrom = reading.reusedTokens > 0 ? nil : reading.control.resume?.tokens
    figures.tokensPerSecond = Double(figures.tokensRead) / max(figures.seconds, 1e-9)
    figures.firstTokensPerSecond = reading.pass.firstTokensPerSecond
    figures.lastTokensPerSecond = reading.pass.lastTokensPerSecond
    figures.peakRSSBytes = PeakMemory.bytes
    figures.stateBytes = reading.state.byteCount
    figures.answerSeconds = answering / .seconds(1) + reading.pass.writingSeconds
    figures.generatedTokens = generated
    let notes = model.description.notes + reading.notes
    figures.notes = notes.isEmpty ? nil : notes
    return figures
  }
}
