/// A stretch of the document's text, verbatim.
package struct Quote: Sendable, Codable, Equatable {
  /// Unicode scalars of the document's text before the quote and before its end.
  package let start: Int
  package let end: Int
  package let quote: String
  /// Between 0 and 1; comparable within one result.
  package let score: Double
  /// The file it stands in, for a directory.
  package let path: String?
  /// Of a table's row: the row that names its columns.
  package let header: String?

  package init(
    start: Int, end: Int, quote: String, score: Double, path: String? = nil, header: String? = nil
  ) {
    self.header = header
    self.start = start
    self.end = end
    self.quote = quote
    self.score = score
    self.path = path
  }
}
