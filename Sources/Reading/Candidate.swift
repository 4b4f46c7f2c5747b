import Foundation

/// What a model answers to one passage.
///
/// A small model reads one passage better than several, so each of the best is shown by itself,
/// and its answers are weighed (as open-domain readers do, arXiv 1704.00051).
public struct Candidate: Sendable, Equatable {
  public let text: String
  /// The probability that the model gives to saying that the passage does not answer.
  public let refusal: Double
  /// Mean log probability of the answer's tokens.
  public let confidence: Double
  /// How well the passage matches the question, 0 to 1, and the same of the best passage.
  public let match, bestMatch: Double
  public let generatedTokens: Int

  /// A passage that names all of what is asked is to win over a surer answer from one that does not.
  private static let matchWeight = 3.0

  /// Log odds, up to a constant, that this candidate is the right one.
  var weight: Double {
    log(max(1 - refusal, 1e-6)) + confidence + Self.matchWeight * log(max(match, 1e-6) / max(bestMatch, 1e-6))
  }
}
