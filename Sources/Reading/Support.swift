import Foundation

/// Whether a document supports an answer to a question: its words and the model have a say.
public struct Support: Sendable, Equatable {
  /// How much of the question the best sentence and its paragraph say, 0 to 1.
  public let words: Double
  /// The probability that the model gives to saying that the passages do not answer.
  public let refusal: Double

  /// Log odds of an answer, up to a constant: words and the model count alike. On questions about
  /// joined articles that training did not see, 0 refused 2 to 6% of those that were answerable.
  public var evidence: Double { log(max(words, 0.01)) - log(max(refusal, 1e-4) / max(1 - refusal, 1e-4)) }

  public var isEnough: Bool { evidence > 0 }
}
