package import Results

/// What came of a reading.
package struct Answer: Sendable, Equatable {
  /// The answer to the question, or the summary.
  package let text: String
  /// False when the document does not say; `text` then says so.
  package let isSupported: Bool
  /// What spoke for and against an answer; nil for a summary.
  package let support: Support?
  /// What the model answered to single passages and to several at once, the answer given last.
  package let candidates: [Candidate]
  /// Verbatim quotes: for a question its evidence, best first; for a summary the
  /// highlights, in document order.
  package let evidence: [Quote]
  /// True where another quote would stand first, had attention had no say.
  package var isLedByAttention = false
  /// Tokens of the document.
  package let documentTokens: Int
  /// For a summary `passages`: it is condensed from highlights.
  package let answeredFrom: AnswerRoute
  package let figures: ReadingFigures
}
