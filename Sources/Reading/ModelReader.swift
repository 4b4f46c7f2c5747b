import Results
import Documents
import Foundation
import Inference
import Tokenizer

/// A model that reads documents and answers from them. For one thread at a time.
public final class ModelReader {
  private static let summaryTokens = 160
  private static let answerTokens = 64
  /// Units next to the question's best matches whose tokens are kept in any case.
  private static let hintedUnits = 24
  private static let hintedTokens = 700
  private static let contextUnits = 3

  private let model: LanguageModel
  private let tokenizer: Tokenizer
  private let format: PromptFormat

  /// - Throws: `ModelError` or `TokenizerError` when the folder is not a usable model.
  public init(folder: String, threads: Int = 0) throws {
    tokenizer = try ModelTokenizer.open(folder)
    model = try LanguageModel.load(folder: folder, threads: threads)
    format = PromptFormat(tokenizer)
  }

  /// Tokens of a text, without reading it.
  public func countTokens(_ text: String) -> Int { tokenizer.encode(text).count }

  /// Reads the document once, front to back, and does the task.
  /// - Throws: `ReadingError`; `.stopped` leaves nothing behind.
  public func read(_ document: Document, task: ReadingTask, control: ReadingControl = ReadingControl()) throws -> Answer {
    if case .ask(let question) = task, question.allSatisfy(\.isWhitespace) { throw ReadingError.emptyQuestion }
    PeakMemory.reset()
    let tokens = DocumentTokens(document, tokenizer)
    guard !tokens.ids.isEmpty else { throw ReadingError.nothingToRead }
    switch task {
    case .summarize: return try summarize(tokens, control)
    case .ask(let question): return try answer(question, tokens, control)
    }
  }

  private func summarize(_ tokens: DocumentTokens, _ control: ReadingControl) throws -> Answer {
    let central = CentralScores(units: tokens.units, bytes: tokens.bytes)
    let start = ContinuousClock.now
    let (outcome, opening) = try pass(tokens, .summarize, hints: [], control)
    let read = ContinuousClock.now
    let trace = AttentionTrace()
    try model.read(format.probe(.summarize), into: outcome.state.fork(), trace: trace)
    let chosen = Highlights.choose(
      central: central.scores, attention: tokens.mass(of: trace, shift: opening), tokenCount: tokens.ids.count)
    let passages = chosen.map { "- " + oneLine(tokens.text(ofUnit: $0.unit)) }.joined(separator: "\n")
    let instruction =
      "Sentences from the document, in order:\n\(passages)\n\nSummarize what happens in the document in three or four sentences."
    let (text, count) = try generate(instruction, outcome.state, limit: Self.summaryTokens, penalty: 1.15)
    return Answer(
      text: text, isSupported: true, evidence: chosen.map { tokens.quote($0.unit...$0.unit, score: $0.score) },
      documentTokens: tokens.ids.count,
      figures: figures(tokens, outcome, reading: read - start, answering: .now - read, generated: count))
  }

  private func answer(_ question: String, _ tokens: DocumentTokens, _ control: ReadingControl) throws -> Answer {
    let lexical = LexicalScores(question: question, units: tokens.units, bytes: tokens.bytes)
    let start = ContinuousClock.now
    let (outcome, opening) = try pass(tokens, .ask(question: question), hints: hints(lexical, tokens), control)
    let read = ContinuousClock.now
    let trace = AttentionTrace()
    try model.read(format.probe(.ask(question: question)), into: outcome.state.fork(), trace: trace)
    let evidence = Evidence(
      lexical: lexical, central: lexical.hasTerms ? nil : CentralScores(units: tokens.units, bytes: tokens.bytes),
      attention: tokens.mass(of: trace, shift: opening), asksItself: tokens.asks)
    // What does not support an answer is no evidence, however near it comes.
    let quotes = evidence.isSupported ? evidence.ranked.map { tokens.quote($0.unit...$0.unit, score: min($0.score, 1)) } : []
    let (text, count) =
      evidence.isSupported
      ? try generate(instruction(question, evidence, tokens), outcome.state, limit: Self.answerTokens, penalty: 1)
      : ("The document does not say.", 0)
    return Answer(
      text: text, isSupported: evidence.isSupported, evidence: quotes, documentTokens: tokens.ids.count,
      figures: figures(tokens, outcome, reading: read - start, answering: .now - read, generated: count))
  }

  /// The best passage stands last, next to the question: small models look there first.
  private func instruction(_ question: String, _ evidence: Evidence, _ tokens: DocumentTokens) -> String {
    let passages = evidence.ranked.prefix(Self.contextUnits).reversed().map { ranked in
      (ranked.unit - 1...ranked.unit + 1).filter(tokens.units.ranges.indices.contains)
        .map { oneLine(tokens.text(ofUnit: $0)) }.joined(separator: " ")
    }
    return
      "Passages from the document:\n\(passages.joined(separator: "\n"))\n\nQuestion: \(question)\nAnswer in one short sentence, from the passages."
  }

  /// The tokens of the units that match the question's words best.
  private func hints(_ lexical: LexicalScores, _ tokens: DocumentTokens) -> [(token: Int, value: Float)] {
    guard let top = lexical.scores.max(), top > 0 else { return [] }
    let best = lexical.scores.indices.sorted { (lexical.scores[$0], $1) > (lexical.scores[$1], $0) }.prefix(Self.hintedUnits)
    var hints: [(token: Int, value: Float)] = []
    for unit in best where lexical.scores[unit] > 0 {
      let range = tokens.tokens(ofUnit: unit)
      if hints.count + range.count > Self.hintedTokens { break }
      hints += range.map { ($0, Float(lexical.scores[unit] / top)) }
    }
    return hints
  }

  private func pass(
    _ tokens: DocumentTokens, _ task: ReadingTask, hints: [(token: Int, value: Float)], _ control: ReadingControl
  ) throws -> (outcome: ReadingPass.Outcome, opening: Int) {
    let opening = format.opening(task)
    let pass = ReadingPass(
      model: model, opening: opening, tokens: tokens.ids, probe: format.probe(task), hints: hints, control: control)
    return (try pass.run(), opening.count)
  }

  /// The most likely continuation of an instruction after the reading. The penalty keeps
  /// long texts from repeating themselves; short answers are better without one.
  private func generate(_ instruction: String, _ state: ReadingState, limit: Int, penalty: Double) throws -> (
    text: String, tokens: Int
  ) {
    let fork = state.fork()
    var sampler = Sampler(SamplingOptions(repetitionPenalty: penalty))
    var generated: [Int32] = []
    var logits = try model.logits(after: format.closing(instruction), state: fork)
    while generated.count < limit {
      let token = sampler.next(logits)
      if tokenizer.isControl(token) { break }
      generated.append(token)
      logits = try model.logits(after: [token], state: fork)
    }
    return (Self.wholeSentences(tokenizer.decode(generated).filter { $0 != "\0" }, cut: generated.count == limit), generated.count)
  }

  /// Drops a sentence that the limit cut off, if another stands before it.
  private static func wholeSentences(_ text: String, cut: Bool) -> String {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard cut, let end = trimmed.lastIndex(where: { ".!?".contains($0) }) else { return trimmed }
    return String(trimmed[...end])
  }

  private func oneLine(_ text: String) -> String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }

  private func figures(
    _ tokens: DocumentTokens, _ outcome: ReadingPass.Outcome, reading: Duration, answering: Duration, generated: Int
  ) -> ReadingFigures {
    var figures = ReadingFigures()
    figures.tokensRead = tokens.ids.count
    figures.seconds = reading / .seconds(1)
    figures.tokensPerSecond = Double(tokens.ids.count) / max(figures.seconds, 1e-9)
    figures.firstTokensPerSecond = outcome.firstTokensPerSecond
    figures.lastTokensPerSecond = outcome.lastTokensPerSecond
    figures.peakRSSBytes = PeakMemory.bytes
    figures.stateBytes = outcome.state.byteCount
    figures.answerSeconds = answering / .seconds(1)
    figures.generatedTokens = generated
    figures.notes = model.description.notes.isEmpty ? nil : model.description.notes
    return figures
  }
}
