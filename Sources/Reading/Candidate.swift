import Foundation

/// What a model answers to a passage, or to several.
///
/// Where words match one passage well, a small model reads it better alone than among others, so each of the
/// best is shown by itself and its answers are weighed (as open-domain readers do, arXiv 1704.00051).
public struct Candidate: Sendable, Equatable {
  public let text: String
  /// The probability that the model gives to saying that what it is shown does not answer.
  public let refusal: Double
  /// Mean log probability of the answer's tokens.
  public let confidence: Double
  /// How well the passage matches the question, as a share of how well the best one does.
  public let match: Double
  public let generatedTokens: Int
  /// True where the answer says no more than the question: "Who is with the king?" is not answered by "the king".
  public let repeatsQuestion: Bool

  /// A passage that names all of what is asked is to win over a surer answer from one that does not.
  private static let matchWeight = 2.0
  /// The weight below which a candidate is no good answer. Chosen on articles, tales and books that training did not see.
  private static let sure = -0.5
  /// What repeating the question costs: it rather loses than a good answer, but may be all there is ("Is it A or B?").
  private static let repetition = 1.0

  /// Log odds, up to a constant, that this candidate is the right one.
  var weight: Double {
    log(max(1 - refusal, 1e-6)) + confidence + Self.matchWeight * log(max(match, 1e-6)) - (repeatsQuestion ? Self.repetition : 0)
  }

  var isUnsure: Bool { weight < Self.sure }

  private static let articles = Words.stems(of: "a an the")

  /// Whether all words of an answer but articles stand in the question, whatever their endings.
  static func repeats(_ question: String, in answer: String) -> Bool {
    Set(Words.stems(of: answer)).isSubset(of: Words.stems(of: question) + articles)
  }
}
