import Foundation

/// Whether a document supports an answer to a question: its words and the model have a say.
public struct Support: Sendable, Equatable {
  /// How much of the question the best sentence and its paragraph say, 0 to 1.
  public let words: Double
  /// The probability that the model gives to saying that the passages do not answer.
  public let refusal: Double

  /// Above it an answer is given. Chosen on 84 questions of SQuAD's development articles, of which
  /// it refuses 4%.
  private static let threshold = 1.5

  /// Log odds of an answer, up to a constant: words and the model count alike.
  public var evidence: Double { log(max(words, 0.01)) - log(max(refusal, 1e-4) / max(1 - refusal, 1e-4)) }

  public var isEnough: Bool { evidence > Self.threshold }
}
