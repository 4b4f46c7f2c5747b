import Foundation

/// Whether a document supports an answer to a question: its words and the model have a say.
public struct Support: Sendable, Equatable {
  /// How much of the question the best sentence and its paragraph say, 0 to 1.
  public let words: Double
  /// The probability that the model gives to saying that the passages do not answer.
  public let refusal: Double

  /// Above it an answer is given, and what words count beside the model. Chosen on SQuAD 1.1 and 2.0 development
  /// articles and on books that training did not see, whose questions use other words than they do: the more words
  /// count, the more of these are refused.
  private static let (threshold, wordsWeight) = (0.0, 0.75)

  /// Log odds of an answer, up to a constant.
  public var evidence: Double { Self.wordsWeight * log(max(words, 0.01)) - log(max(refusal, 1e-4) / max(1 - refusal, 1e-4)) }

  public var isEnough: Bool { evidence > Self.threshold }
}
