import Documents
import Foundation
import Inference
import Results
import Tokenizer

/// A model that reads documents and answers from them. For one thread at a time.
public final class ModelReader {
  private let model: LanguageModel
  private let tokenizer: Tokenizer
  private let format: PromptFormat
  private let answers: AnswerWriter
  private let summaries: SummaryWriter

  /// - Throws: `ModelError` or `TokenizerError` when the folder is not a usable model.
  public init(folder: String, threads: Int = 0) throws {
    tokenizer = try ModelTokenizer.open(folder)
    model = try LanguageModel.load(folder: folder, threads: threads)
    format = PromptFormat(tokenizer)
    let generator = AnswerGenerator(model: model, tokenizer: tokenizer)
    answers = AnswerWriter(model: model, format: format, generator: generator)
    summaries = SummaryWriter(model: model, format: format, generator: generator)
  }

  /// Tokens of a text, without reading it.
  public func countTokens(_ text: String) -> Int { tokenizer.encode(text).count }

  /// Reads the document once, front to back, and does the task.
  /// - Throws: `ReadingError`; `.stopped` leaves nothing behind.
  public func read(
    _ document: Document, task: ReadingTask, control: ReadingControl = ReadingControl()
  ) throws -> Answer {
    if let question = task.question, question.allSatisfy(\.isWhitespace) {
      throw ReadingError.emptyQuestion
    }

    let reading = try open(document, for: task, control: control)
    switch task {
    case .summarize(let focus): return try summarize(reading, focus: focus)
    case .ask(let question): return try answer(question, from: reading)
    }
  }

  /// Reads the document once, front to back.
  /// - Parameter task: what it will be asked, where that is known before: the model then reads
  ///   with it in mind, and layers that choose what they keep choose for it.
  /// - Throws: `ReadingError`
  public func open(
    _ document: Document, for task: ReadingTask?, control: ReadingControl = ReadingControl()
  ) throws -> Reading {
    PeakMemory.reset()
    let tokens = DocumentTokens(document, tokenizer)
    guard !tokens.ids.isEmpty else { throw ReadingError.nothingToRead }
    let known = task?.question.map { (question: $0, scores: tokens.lexicalScores($0)) }
    let opening = format.opening(task)
    let pass = ReadingPass(
      model: model, opening: opening, tokens: tokens.ids, probe: format.probe(task),
      hints: known.map { KeepingHints.choose($0.scores, tokens) } ?? [], control: control)

    return Reading(tokens, shift: opening.count, known: known, try pass.run(), control: control)
  }

  /// Answers a question about a document that was read, known before the reading or not. Which file
  /// it is, of a codebase, the best evidence tells, not the model: a path is copied letter by
  /// letter or it is wrong. What the document is about, its summary tells.
  /// - Throws: `ReadingError`, `ModelError`
  public func answer(_ question: String, from reading: Reading) throws -> Answer {
    if question.allSatisfy(\.isWhitespace) { throw ReadingError.emptyQuestion }
    if QuestionTerms.asksForSummary(question) { return try summarize(reading) }

    let start = ContinuousClock.now
    let tokens = reading.tokens
    let lexical = reading.lexicalScores(question)
    let evidence = Evidence(
      lexical: lexical,
      central: lexical.hasTerms ? nil : CentralScores(units: tokens.units, bytes: tokens.bytes),
      attention: try attention(of: .ask(question: question), reading), asksItself: tokens.asks)
    let candidates = try answers.candidates(question, evidence, tokens, reading.control)
    let support = Support(
      words: evidence.support, refusal: candidates.refusal, isSpread: evidence.isSpread)
    let generated = candidates.all.reduce(0) { $0 + $1.generatedTokens }
    let took = figures(reading, answering: .now - start, generated: generated)
    guard let best = candidates.all.last, support.isEnough else {
      return Self.unsupported(support, candidates.all, took)
    }
    let file =
      CodeNames.asksForFile(Array(question.utf8))
      ? evidence.ranked.first.flatMap { tokens.path(ofUnit: $0.unit) } : nil

    return Answer(
      text: file ?? best.text, isSupported: true, support: support, candidates: candidates.all,
      evidence: evidence.ranked.map { tokens.quote($0.unit...$0.unit, score: $0.score) },
      documentTokens: tokens.ids.count, figures: took)
  }

  /// What does not support an answer is no evidence, however near it comes.
  private static func unsupported(
    _ support: Support, _ candidates: [Candidate], _ figures: ReadingFigures
  ) -> Answer {
    Answer(
      text: "The document does not say.", isSupported: false, support: support,
      candidates: candidates, evidence: [],
      documentTokens: figures.tokensRead, figures: figures)
  }

  /// What the model answers when it is shown these passages and has read nothing else; it always
  /// does.
  /// - Throws: `ModelError`
  public func answer(_ question: String, fromPassages passages: [String]) throws -> String {
    try answers.answer(question, passages)
  }

  /// Summarizes a document that was read, or what it says about `focus`.
  /// - Throws: `ModelError`
  public func summarize(_ reading: Reading, focus: String? = nil) throws -> Answer {
    let start = ContinuousClock.now
    let tokens = reading.tokens
    let attention = try attention(of: .summarize(focus: focus), reading)
    let lexical = focus.map(reading.lexicalScores)
    let chosen = Highlights.choose(
      CentralScores(units: tokens.units, bytes: tokens.bytes).scores, focus: lexical,
      attention: attention, tokenCount: tokens.ids.count)
    // A text without whole sentences is told by its beginning.
    let told =
      chosen.isEmpty
      ? Array(tokens.units.ranges.indices.prefix(Highlights.fewest)) : chosen.map(\.unit)
    let written = try summaries.write(
      told.map(tokens.line(ofUnit:)), focus: focus, control: reading.control)

    return Answer(
      text: written.text, isSupported: true, support: nil, candidates: [],
      evidence: chosen.map { tokens.quote($0.unit...$0.unit, score: $0.score) },
      documentTokens: tokens.ids.count,
      figures: figures(reading, answering: .now - start, generated: written.tokens))
  }

  /// The attention that each unit gets from the task's probe, in layers that choose what they keep.
  private func attention(of task: ReadingTask, _ reading: Reading) throws -> [Double] {
    let trace = AttentionTrace()
    let probe = format.probe(task)
    if reading.state.chooses {
      try model.read(probe, into: reading.state.scratch(tokens: probe.count), trace: trace)
    }
    return reading.tokens.mass(of: trace, shift: reading.shift)
  }

  private func figures(_ reading: Reading, answering: Duration, generated: Int) -> ReadingFigures {
    var figures = ReadingFigures()
    figures.tokensRead = reading.documentTokens
    figures.seconds = reading.pass.seconds
    figures.resumedFrom = reading.control.resume?.tokens
    figures.tokensPerSecond = Double(figures.tokensRead) / max(figures.seconds, 1e-9)
    figures.firstTokensPerSecond = reading.pass.firstTokensPerSecond
    figures.lastTokensPerSecond = reading.pass.lastTokensPerSecond
    figures.peakRSSBytes = PeakMemory.bytes
    figures.stateBytes = reading.state.byteCount
    figures.answerSeconds = answering / .seconds(1)
    figures.generatedTokens = generated
    figures.notes = model.description.notes.isEmpty ? nil : model.description.notes

    return figures
  }
}
