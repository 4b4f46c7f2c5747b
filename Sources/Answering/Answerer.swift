package import Documents
import Foundation
import Inference
package import Reading
package import Results
package import Retrieval
import Tokenizer

/// A model that reads documents and answers from them. For one thread at a time.
package final class Answerer {
  private let model: LanguageModel
  private let tokenizer: TextTokenizer
  private let format: PromptFormat
  private let answers: AnswerWriter
  private let summaries: SummaryWriter

  /// - Throws: `ModelError` or `TokenizerError` when the folder is not a usable model.
  package init(folder: String, threads: Int = 0) throws {
    tokenizer = try ModelTokenizer.open(folder)
    model = try LanguageModel.load(folder: folder, threads: threads)
    format = PromptFormat(tokenizer)
    let generator = AnswerGenerator(model: model, tokenizer: tokenizer)
    answers = AnswerWriter(model: model, format: format, generator: generator)
    summaries = SummaryWriter(model: model, format: format, generator: generator)
  }

  /// Tokens of a text, without reading it.
  package func countTokens(_ text: String) -> Int { tokenizer.encode(text).count }

  /// Reads the document once, front to back, and does the task.
  /// - Throws: `ReadingError`; `.stopped` leaves nothing behind.
  package func read(
    _ document: Document, task: ReadingTask, control: ReadingControl = ReadingControl()
  ) throws -> Answer {
    if let question = task.question, question.isBlank { throw ReadingError.emptyQuestion }
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
  package func open(
    _ document: Document, for task: ReadingTask?, control: ReadingControl = ReadingControl()
  ) throws -> DocumentReading {
    PeakMemory.reset()
    return try DocumentReading(
      DocumentTokens(document, tokenizer), model,
      ReadingPrompt(opening: format.opening(task), probe: format.probe(task)),
      question: task?.question, control: control)
  }

  /// Answers a question about a document that was read, known before the reading or not.
  /// - Throws: `ReadingError`, `ModelError`
  package func answer(_ question: Question, from reading: DocumentReading) throws -> Answer {
    if question.isBlank { throw ReadingError.emptyQuestion }
    let plan = AnswerPlan(question.kind, reading.state.chooses ? .choosing : .keeping)
    switch plan.source {
    case .summary: return try summarize(reading)
    case .passages: return try answer(question, plan, reading)
    }
  }

  private func answer(
    _ question: Question, _ plan: AnswerPlan, _ reading: DocumentReading
  ) throws -> Answer {
    let start = ContinuousClock.now
    let evidence = Evidence(
      reading.text, reading.lexicalScores(question),
      attention: try attention(of: .ask(question), reading, isAsked: plan.asksAttention))
    let candidates = try answers.candidates(question, evidence, reading.text, reading.control)
    let support = Support(
      words: evidence.support, refusal: candidates.refusal, isSpread: evidence.isSpread)
    let generated = candidates.all.reduce(0) { $0 + $1.generatedTokens }
    let took = figures(reading, answering: .now - start, generated: generated)

    guard let best = candidates.all.last, support.isEnough() else {
      return Self.unsupported(support, candidates.all, took)
    }

    let path = evidence.ranked.first.flatMap { reading.text.path(ofUnit: $0.unit) }
    return Answer(
      text: plan.wording == .path ? path ?? best.text : best.text, isSupported: true,
      support: support, candidates: candidates.all,
      evidence: evidence.ranked.map { Quote(reading.text.excerpt(ofUnit: $0.unit), $0.score) },
      documentTokens: reading.documentTokens, figures: took)
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
  package func answer(_ question: Question, fromPassages passages: [String]) throws -> String {
    try answers.answer(question, passages)
  }

  /// Summarizes a document that was read, or what it says about `focus`.
  /// - Throws: `ModelError`
  package func summarize(_ reading: DocumentReading, focus: Question? = nil) throws -> Answer {
    let start = ContinuousClock.now
    let text = reading.text
    let chosen = Highlights.choose(
      CentralScores(text).scores, focus: focus.map(reading.lexicalScores),
      attention: try attention(of: .summarize(focus: focus), reading, isAsked: true),
      tokenCount: reading.documentTokens)

    // A text without whole sentences is told by its beginning.
    let beginning = text.units.ranges.indices.prefix(Highlights.fewest)
    let told = chosen.isEmpty ? Array(beginning) : chosen.map(\.unit)
    let written = try summaries.write(
      told.map(text.line(ofUnit:)), focus: focus, control: reading.control)

    return Answer(
      text: written.text, isSupported: true, support: nil, candidates: [],
      evidence: chosen.map { Quote(text.excerpt(ofUnit: $0.unit), $0.score) },
      documentTokens: reading.documentTokens,
      figures: figures(reading, answering: .now - start, generated: written.tokens))
  }

  /// The attention that each unit gets from the task's probe.
  private func attention(
    of task: ReadingTask, _ reading: DocumentReading, isAsked: Bool
  ) throws -> [Double] {
    guard isAsked else {
      return [Double](repeating: 0, count: reading.text.units.ranges.count)
    }
    return try reading.attention(of: format.probe(task), model)
  }

  private func figures(
    _ reading: DocumentReading, answering: Duration, generated: Int
  ) -> ReadingFigures {
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

extension Quote {
  /// - Parameter score: between 0 and 1; kept to three digits.
  init(_ excerpt: Excerpt, _ score: Double) {
    self.init(
      start: excerpt.start, end: excerpt.end, quote: excerpt.text,
      score: (score * 1000).rounded() / 1000, path: excerpt.path)
  }
}
