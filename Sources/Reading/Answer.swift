import Results

/// What came of a reading.
public struct Answer: Sendable, Equatable {
  /// The answer to the question, or the summary.
  public let text: String
  /// False when the document does not say; `text` then says so.
  public let isSupported: Bool
  /// What spoke for and against an answer; nil for a summary.
  public let support: Support?
  /// What the model answered to single passages and to several at once, the answer given last.
  public let candidates: [Candidate]
  /// Verbatim quotes: for a question its evidence, best first; for a summary the
  /// highlights, in document order.
  public let evidence: [Quote]
  /// Tokens of the document.
  public let documentTokens: Int
  public let figures: ReadingFigures
}
