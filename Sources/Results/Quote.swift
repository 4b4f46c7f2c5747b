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
  /// Of code: the line of its file, from 1.
  package let line: Int?
  /// The chapter of a book, as its heading names it.
  package let chapter: String?
  /// The page, as it is printed on it, or counted; nil where the file has none.
  package let page: String?
  /// Of the document that stands before it, in hundredths; nil in older records.
  package let percent: Int?
  /// Where the answer's words stand in it; nil where none do, and in older records.
  package let marks: [Span]?

  /// Unicode scalars of the document's text before something and before its end.
  package struct Span: Sendable, Codable, Equatable {
    package let start: Int
    package let end: Int

    package init(_ range: Range<Int>) {
      start = range.lowerBound
      end = range.upperBound
    }
  }

  package init(
    start: Int, end: Int, quote: String, score: Double, path: String? = nil, header: String? = nil,
    line: Int? = nil, chapter: String? = nil, page: String? = nil, percent: Int? = nil,
    marks: [Span] = []
  ) {
    self.marks = marks.isEmpty ? nil : marks
    self.line = line
    self.chapter = chapter
    self.page = page
    self.percent = percent
    self.header = header
    self.start = start
    self.end = end
    self.quote = quote
    self.score = score
    self.path = path
  }
}
