import Inference
import Reading
import Retrieval

/// Answers questions from passages of a text, with nothing else in mind: the model was tuned on
/// passages alone, and with a document before them copies from the document instead.
struct AnswerWriter {
  private static let tokens = 48

  let model: LanguageModel
  let format: PromptFormat
  let generator: AnswerGenerator
  private let tuning = AnswerTuning.chosen

  /// The answers to each of the best passages. Where no passage stands out, or these answers are no
  /// good, the best passage's and those to more and more stretches of the text at once.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func candidates(
    _ question: Question, _ evidence: Evidence, _ text: QuotableText, _ control: ReadingControl
  ) throws -> Candidates {
    guard let top = evidence.ranked.first else { return .none }

    let state = try stateBefore(question)
    let single = try evidence.ranked.prefix(evidence.isSpread ? 1 : tuning.singles).map { ranked in
      let passages = Passages.around(ranked.unit, evidence, text)
      return try candidate(
        question, passages, match: ranked.score / max(top.score, 1e-6), state, control)
    }
    let alone = Candidates(alone: single)
    guard evidence.isSpread || alone.areUnsure, evidence.ranked.count > 1 else { return alone }
    let together = try Passages.together(tuning.views, evidence, text).map {
      try candidate(question, $0, match: 1, state, control)
    }

    return Candidates(agreeing: single.prefix(1) + together, besides: Array(single.dropFirst()))
  }

  /// What the model answers when it is shown these passages; it always does.
  /// - Throws: `ModelError`
  func answer(_ question: Question, _ passages: [String]) throws -> String {
    try candidate(question, passages, match: 1, stateBefore(question), ReadingControl()).text
  }

  private func stateBefore(_ question: Question) throws -> ReadingState {
    let state = model.makeState()
    try model.read(format.opening(.ask(question)), into: state)
    return state
  }

  /// The most likely answer, and how likely the model rather refused.
  private func candidate(
    _ question: Question, _ passages: [String], match: Double, _ state: ReadingState,
    _ control: ReadingControl
  ) throws -> Candidate {
    let beginning = try generator.begin(after: format.asked(question, passages: passages), state)
    let refusal = try generator.probability(of: format.refusalStart, after: beginning)
    // An answer may begin with the refusal's first token, as "Notre Dame" does.
    let first = format.refusalStart.first
    let forbidden = refusal > beginning.probability(of: first) / 2 ? first : nil
    let answer = try generator.generate(
      from: beginning, limit: Self.tokens, forbidden: forbidden, control: control)

    return Candidate(
      text: answer.text, refusal: refusal, confidence: answer.confidence, match: match,
      generatedTokens: answer.tokens,
      repeatsQuestion: question.isRepeated(by: answer.text))
  }
}
