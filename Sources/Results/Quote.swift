/// A stretch of the document's text, verbatim.
public struct Quote: Sendable, Codable, Equatable {
  /// Unicode scalars of the document's text before the quote and before its end.
  public let start: Int
  public let end: Int
  public let quote: String
  /// Between 0 and 1; comparable within one result.
  public let score: Double
  /// The file it stands in, for a directory.
  public let path: String?

  public init(start: Int, end: Int, quote: String, score: Double, path: String? = nil) {
    self.start = start
    self.end = end
    self.quote = quote
    self.score = score
    self.path = path
  }
}
