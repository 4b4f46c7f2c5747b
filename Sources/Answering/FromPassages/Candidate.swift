import Foundation
import Retrieval

/// What a model answers to a passage, or to several.
package struct Candidate: Sendable, Equatable {
  package let text: String
  /// The probability that the model gives to saying that what it is shown does not answer.
  package let refusal: Double
  /// Mean log probability of the answer's tokens.
  package let confidence: Double
  /// How well the passage matches the question, as a share of how well the best one does.
  package let match: Double
  package let generatedTokens: Int
  /// True where the answer says no more than the question: "Who is with the king?" is not answered
  /// by "the king".
  package let repeatsQuestion: Bool
  /// What the model thought before it answered.
  package var reasoning = ""
  package var reasoningTokens = 0
  /// The question's prompt with the answer's tokens: what was read and written on the fork.
  var written: [Int32] = []
  /// The answer's tokens, and the passages that it was written to.
  var ids: [Int32] = []
  var passages: [String] = []

  /// Log odds, up to a constant, that this candidate is the right one.
  func weight(_ tuning: AnswerTuning) -> Double {
    log(max(likelihood, 1e-6)) + tuning.matchWeight * log(max(match, 1e-6)) - penalty(tuning)
  }

  /// How likely this answer is right, as a log up to a constant: by the model's own words, and by
  /// how much of the question the text says in one place.
  package func sureness(_ support: Support, _ tuning: AnswerTuning) -> Double {
    log(max(likelihood, 1e-6)) + tuning.doubtWords * log(max(support.words, 0.01))
  }

  /// Whether it is given as uncertain.
  func isDoubtful(_ support: Support, _ tuning: AnswerTuning = .chosen) -> Bool {
    sureness(support, tuning) < tuning.doubtful
  }

  func isUnsure(_ tuning: AnswerTuning) -> Bool { weight(tuning) < tuning.sure }

  /// How likely the model answers, and in these words, as the geometric mean over their tokens.
  var likelihood: Double { refuses ? 0 : (1 - refusal) * exp(confidence) }

  func penalty(_ tuning: AnswerTuning) -> Double { repeatsQuestion ? tuning.repetition : 0 }

  /// True where the answer is a refusal in other letters than the one that `refusal` is the
  /// probability of.
  var refuses: Bool { text.lowercased().hasPrefix(PromptFormat.refusal.lowercased().dropLast()) }

  /// The F1 of two answers' words but articles, whatever their endings: 1 for the same ones, 0
  /// where none is shared.
  static func agreement(of one: String, with other: String) -> Double {
    let one = words(of: one)
    let other = words(of: other)
    let common = one.reduce(0) { $0 + min($1.value, other[$1.key, default: 0]) }
    let total = one.values.reduce(0, +) + other.values.reduce(0, +)
    return total == 0 ? 1 : 2 * Double(common) / Double(total)
  }

  private static func words(of text: String) -> [UInt64: Int] {
    let stems = Words.stems(of: text).filter { !Words.articles.contains($0) }
    return Dictionary(stems.map { ($0, 1) }, uniquingKeysWith: +)
  }
}

extension Candidate {
  /// What a log says of a candidate; what was written for it is not in it.
  package init(recorded text: String, refusal: Double, confidence: Double, match: Double) {
    self.init(
      text: text, refusal: refusal, confidence: confidence, match: match, generatedTokens: 0,
      repeatsQuestion: false)
  }
}
