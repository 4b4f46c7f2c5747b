import Foundation
import Inference
import Reading
import Retrieval

/// Answers questions on forks of a state: of a reading, or of one that has read nothing.
struct AnswerWriter {
  let model: LanguageModel
  let format: PromptFormat
  let generator: AnswerGenerator
  private let tuning = AnswerTuning.chosen
  /// Tokens of a prompt that are read a second time.
  private static let mostTraced = 1024

  /// What an answer is written on.
  struct Ground {
    let question: Question
    /// After the opening, and the document where it was read. It stays as it is.
    let state: ReadingState
    let mostTokens: Int
    let control: ReadingControl
    /// True where this answer is given, whatever it is: it can be shown while it is written.
    var isOnly = true
    /// How the model thinks first; nil where it does not.
    var thinking: Reasoning?
  }

  /// The answers to what the plan shows.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func candidates(
    _ shown: AnswerPlan.Shown, _ evidence: Evidence, _ text: QuotableText, _ ground: Ground
  ) throws -> Candidates {
    switch shown {
    case .nothing: return Candidates(alone: [try candidate([], match: 1, ground)])
    case .inOrder(let bytes):
      let passages = Passages.inOrder(bytes: bytes, evidence, text)
      return Candidates(alone: [try candidate(passages, match: 1, ground)])
    case .single: return try single(evidence, text, ground)
    }
  }

  /// The answers to each of the best passages. Where no passage stands out, or these answers are no
  /// good, the best passage's and those to more and more stretches of the text at once.
  private func single(
    _ evidence: Evidence, _ text: QuotableText, _ ground: Ground
  ) throws -> Candidates {
    guard let top = evidence.ranked.first else { return .none }

    let single = try evidence.ranked.prefix(evidence.isSpread ? 1 : tuning.singles).map { ranked in
      let passages = Passages.around(ranked.unit, evidence, text)
      return try candidate(passages, match: ranked.score / max(top.score, 1e-6), ground)
    }
    let alone = Candidates(alone: single)
    guard evidence.isSpread || alone.areUnsure, evidence.ranked.count > 1 else { return alone }
    let together = try Passages.together(tuning.views, evidence, text).map {
      try candidate($0, match: 1, ground)
    }

    return Candidates(agreeing: single.prefix(1) + together, besides: Array(single.dropFirst()))
  }

  /// What is read again before an answer, to see where the model looks for it: the question, and
  /// passages only where they are few, since many take as long as they took before.
  private func traced(_ prompt: [Int32], _ question: Question) -> [Int32] {
    prompt.count <= Self.mostTraced ? prompt : format.asked(question, passages: [])
  }

  /// The most likely answer, and how likely the model rather refused.
  func candidate(
    _ passages: [String], match: Double, _ ground: Ground
  ) throws -> Candidate {
    let question = ground.question
    let prompt = format.asked(question, passages: passages)
    var beginning = try generator.begin(after: prompt, ground.state, ground.control)
    var thought: Reasoning.Thought?
    if let thinking = ground.thinking {
      let made = try generator.think(
        from: beginning, thinking, format, progress: WritingProgress(control: ground.control))
      beginning = made.beginning
      thought = made
    }
    let refusal = try generator.probability(of: format.refusalStart, after: beginning)
    // An answer may begin with the refusal's first token, as "Notre Dame" does.
    let first = format.refusalStart.first
    let forbidden = refusal > beginning.probability(of: first) / 2 ? first : nil
    let answer = try generator.generate(
      from: beginning, limit: ground.mostTokens, forbidden: forbidden,
      progress: WritingProgress(
        control: ground.control, before: thought?.ids.count ?? 0, isOnly: ground.isOnly))

    // A model may close its thoughts once more: the last time counts.
    let last = ground.thinking.flatMap { answer.text.components(separatedBy: $0.tags.close).last }
    let text = (last ?? answer.text).trimmingCharacters(in: .whitespacesAndNewlines)
    return Candidate(
      text: text, refusal: refusal, confidence: answer.confidence, match: match,
      generatedTokens: answer.tokens, repeatsQuestion: question.isRepeated(by: text),
      reasoning: thought?.text ?? "", reasoningTokens: thought?.ids.count ?? 0,
      written: traced(prompt, question) + answer.ids)
  }
}
