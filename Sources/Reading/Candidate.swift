import Foundation

/// What a model answers to a passage, or to several.
public struct Candidate: Sendable, Equatable {
  public let text: String
  /// The probability that the model gives to saying that what it is shown does not answer.
  public let refusal: Double
  /// Mean log probability of the answer's tokens.
  public let confidence: Double
  /// How well the passage matches the question, as a share of how well the best one does.
  public let match: Double
  public let generatedTokens: Int
  /// True where the answer says no more than the question: "Who is with the king?" is not answered
  /// by "the king".
  public let repeatsQuestion: Bool

  /// A passage that names all of what is asked is to win over a surer answer from one that does
  /// not.
  private static let matchWeight = 2.0
  /// The weight below which a candidate is no good answer. Chosen on articles, tales and books that
  /// training did not see.
  private static let sure = -0.5
  /// What repeating the question costs: it rather loses than a good answer, but may be all there is
  /// ("Is it A or B?").
  private static let repetition = 1.0

  /// Log odds, up to a constant, that this candidate is the right one.
  var weight: Double {
    log(max(likelihood, 1e-6)) + Self.matchWeight * log(max(match, 1e-6)) - penalty
  }

  var isUnsure: Bool { weight < Self.sure }

  /// How likely the model answers, and in these words, as the geometric mean over their tokens.
  var likelihood: Double { refuses ? 0 : (1 - refusal) * exp(confidence) }

  var penalty: Double { repeatsQuestion ? Self.repetition : 0 }

  /// True where the answer is a refusal in other letters than the one that `refusal` is the
  /// probability of.
  var refuses: Bool { text.lowercased().hasPrefix(PromptFormat.refusal.lowercased().dropLast()) }

  private static let articles = Words.stems(of: "a an the")

  /// Whether all words of an answer but articles stand in the question, whatever their endings.
  static func repeats(_ question: String, in answer: String) -> Bool {
    Set(Words.stems(of: answer)).isSubset(of: Words.stems(of: question) + articles)
  }

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
    Dictionary(
      Words.stems(of: text).filter { !articles.contains($0) }.map { ($0, 1) }, uniquingKeysWith: +)
  }
}
