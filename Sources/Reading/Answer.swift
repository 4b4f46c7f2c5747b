import Results

/// What came of a reading.
public struct Answer: Sendable, Equatable {
  /// The answer to the question, or the summary.
  public let text: String
  /// False when the document does not say; `text` then says so.
  public let isSupported: Bool
  /// The probability that the model gave to refusing.
  public let refusal: Double
  /// Verbatim quotes: for a question its evidence, best first; for a summary the
  /// highlights, in document order.
  public let evidence: [Quote]
  /// Tokens of the document.
  public let documentTokens: Int
  public let figures: ReadingFigures
}

/// What a model answered to passages.
public struct Reply: Sendable, Equatable {
  /// From here on a refusal is believed.
  public static let refusalThreshold = 0.5

  public let text: String
  /// The probability of a refusal's first token.
  public let refusal: Double
  public let generatedTokens: Int
  public let isSupported: Bool
}
