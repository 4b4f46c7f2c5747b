import Inference
import Reading
import Results
import Retrieval

/// Conversations without a document: what the user says is read, and the model goes on.
extension Answerer {
  /// Small models repeat themselves in longer texts.
  private static let penalty = 1.1

  /// What the model says to a message that was read.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func chat(_ reading: DocumentReading, _ options: AnswerOptions) throws -> Answer {
    let start = ContinuousClock.now
    let format = format(options)
    let generator = AnswerGenerator(model: model, tokenizer: tokenizer, ends: format.ends)
    var beginning = try generator.begin(
      after: format.chatClosing(), reading.state, reading.control)
    var thought: Reasoning.Thought?
    if let thinking = try thinking(options) {
      let made = try generator.think(
        from: beginning, thinking, format, progress: WritingProgress(control: reading.control))
      (beginning, thought) = (made.beginning, made)
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
}
