import Foundation

/// Whether a document supports an answer to a question: its words and the model have a say.
package struct Support: Sendable, Equatable {
  /// How much of the question the best sentence and its paragraph say, 0 to 1.
  package let words: Double
  /// The probability that the model gives to saying that the passages do not answer; of several
  /// views of the text by the mean of their log odds.
  package let refusal: Double
  /// Whether the text says in other words, here and there, what is asked: the model then doubts
  /// right answers too.
  package let isSpread: Bool

  package init(words: Double, refusal: Double, isSpread: Bool) {
    self.words = words
    self.refusal = refusal
    self.isSpread = isSpread
  }

  /// Log odds of an answer, up to a constant.
  package func evidence(_ tuning: AnswerTuning = .chosen) -> Double {
    tuning.wordsWeight * log(max(words, 0.01)) + (isSpread ? tuning.spread : 0)
      - LogOdds.of(refusal)
  }

  package func isEnough(_ tuning: AnswerTuning = .chosen) -> Bool {
    evidence(tuning) > tuning.threshold
  }
}
