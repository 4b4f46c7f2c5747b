import Constraints
import Inference
import Reading
import Results
import Retrieval
import Schemas

/// Conversations without a document: what the user says is read, and the model goes on.
extension Answerer {
  /// Small models repeat themselves in longer texts.
  private static let penalty = 1.1

  /// What the model says to a message that was read.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func chat(_ reading: DocumentReading, _ options: AnswerOptions) throws -> Answer {
    if let tools = options.tools, let called = try calls(tools, inChat: reading, options) {
      return called
    }
    let start = ContinuousClock.now
    let format = format(options)
    let generator = generator(format)
    var beginning = try generator.begin(
      after: format.chatClosing(), reading.state, reading.control)
    var thought: Reasoning.Thought?
    if let thinking = try thinking(options) {
      let made = try generator.think(
        from: beginning, thinking, format, progress: WritingProgress(control: reading.control))
      (beginning, thought) = (made.beginning, made)
    }
    if let schema = options.schema {
      return try shaped(schema, from: beginning, generator, thought, reading, options, start)
    }
    let sampling = SamplingOptions(
      temperature: options.temperature, topP: options.topP, seed: options.seed,
      repetitionPenalty: Self.penalty)
    let written = try generator.goOn(
      from: beginning, limit: options.mostTokens, sampling,
      progress: WritingProgress(control: reading.control, before: thought?.ids.count ?? 0))

    var took = figures(reading, answering: .now - start, generated: written.tokens)
    took.reasoningTokens = thought.map(\.ids.count)
    took.isCut = written.tokens >= options.mostTokens ? true : nil
    return Answer(
      text: written.text, isSupported: true, support: nil, candidates: [], evidence: [],
      documentTokens: reading.documentTokens, answeredFrom: .reading,
      reasoning: thought?.text ?? "", figures: took)
  }

  /// What the model says, as JSON under a schema.
  private func shaped(
    _ schema: JSONSchema, from beginning: AnswerGenerator.Beginning, _ generator: AnswerGenerator,
    _ thought: Reasoning.Thought?, _ reading: DocumentReading, _ options: AnswerOptions,
    _ start: ContinuousClock.Instant
  ) throws -> Answer {
    let first = SamplingOptions(
      temperature: options.temperature, topP: options.topP, seed: options.seed)
    let (written, value) = try generator.write(
      from: beginning, valid: schema, try grammars().constraint(.json(schema)),
      attempts: [first, Self.retry], limit: options.mostTokens, caps: caps,
      progress: WritingProgress(control: reading.control, before: thought?.ids.count ?? 0))
    var took = figures(reading, answering: .now - start, generated: written.ids.count)
    took.reasoningTokens = thought.map(\.ids.count)
    took.forcedTokens = written.forcedTokens
    // A client that set the limit is told that it was reached.
    took.isCut = value == nil ? true : nil
    return Answer(
      text: written.text, isSupported: true, support: nil, candidates: [], evidence: [],
      documentTokens: reading.documentTokens, answeredFrom: .reading,
      reasoning: thought?.text ?? "", figures: took)
  }
}
