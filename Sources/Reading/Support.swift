import Foundation

/// Whether a document supports an answer to a question: its words and the model have a say.
public struct Support: Sendable, Equatable {
  /// How much of the question the best sentence and its paragraph say, 0 to 1.
  public let words: Double
  /// The probability that the model gives to saying that the passages do not answer; of several
  /// views of the text by the mean of their log odds.
  public let refusal: Double
  /// Whether the text says in other words, here and there, what is asked: the model then doubts
  /// right answers too.
  public let isSpread: Bool

  /// Above it an answer is given; what words count beside the model; and what its doubts count less
  /// where evidence is spread. Chosen on SQuAD 1.1 and 2.0 development articles, and on books that
  /// training did not see with questions about them and about others.
  private static let threshold = -0.4
  private static let wordsWeight = 1.0
  private static let spread = 1.0

  /// Log odds of an answer, up to a constant.
  public var evidence: Double {
    Self.wordsWeight * log(max(words, 0.01)) + (isSpread ? Self.spread : 0) - LogOdds.of(refusal)
  }

  public var isEnough: Bool { evidence > Self.threshold }
}
