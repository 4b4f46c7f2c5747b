import Inference

/// Answers questions from passages of a text, with nothing else in mind: the model was tuned on
/// passages alone, and with a document before them copies from the document instead.
struct AnswerWriter {
  private static let tokens = 48
  /// Passages that are each answered to alone.
  private static let single = 3

  let model: LanguageModel
  let format: PromptFormat
  let generator: AnswerGenerator

  /// The answers to each of the best passages, to stretches of the text at once where no passage stands
  /// out, or to both where the first answers are no good. The last is the one to give; empty where no
  /// passage matches.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func candidates(_ question: String, _ evidence: Evidence, _ tokens: DocumentTokens, _ control: ReadingControl) throws -> [Candidate] {
    guard let top = evidence.ranked.first else { return [] }
    let state = try stateBefore(question)
    let together = { try candidate(question, Passages.together(evidence, tokens), match: 1, state, control) }
    let singles = {
      try evidence.ranked.prefix(Self.single).map { ranked in
        let passages = Passages.around(ranked.unit, evidence, tokens)
        return try candidate(question, passages, match: ranked.score / max(top.score, 1e-6), state, control)
      }
    }
    if evidence.isSpread {
      let told = try together()
      return told.repeatsQuestion ? try (singles() + [told]).sorted { $0.weight < $1.weight } : [told]
    }
    let sorted = try singles().sorted { $0.weight < $1.weight }
    guard let best = sorted.last, best.isUnsure, sorted.count > 1 else { return sorted }
    return sorted + [try together()]
  }

  /// What the model answers when it is shown these passages; it always does.
  /// - Throws: `ModelError`
  func answer(_ question: String, _ passages: [String]) throws -> String {
    try candidate(question, passages, match: 1, stateBefore(question), ReadingControl()).text
  }

  private func stateBefore(_ question: String) throws -> ReadingState {
    let state = model.makeState()
    try model.read(format.opening(.ask(question: question)), into: state)
    return state
  }

  /// The most likely answer, and how likely the model rather refused.
  private func candidate(
    _ question: String, _ passages: [String], match: Double, _ state: ReadingState, _ control: ReadingControl
  ) throws -> Candidate {
    let beginning = try generator.begin(after: format.asked(question, passages: passages), state)
    let refusal = try generator.probability(of: format.refusalStart, after: beginning)
    // An answer may begin with the refusal's first token, as "Notre Dame" does.
    let first = format.refusalStart.first
    let forbidden = refusal > beginning.probability(of: first) / 2 ? first : nil
    let answer = try generator.generate(from: beginning, limit: Self.tokens, forbidden: forbidden, control: control)
    return Candidate(
      text: answer.text, refusal: refusal, confidence: answer.confidence, match: match, generatedTokens: answer.tokens,
      repeatsQuestion: Candidate.repeats(question, in: answer.text))
  }
}
