package import Documents

/// A document's text as quotable units, and the way from these back to offsets and files.
package struct QuotableText {
  package let document: Document
  /// Of the text in UTF-8.
  package let bytes: [UInt8]
  package let units: TextUnits
  package let blocks: TextBlocks
  let tuning: RetrievalTuning
  private let scalars: ScalarIndex

  package init(_ document: Document, tuning: RetrievalTuning = .chosen) {
    let bytes = Array(document.text.utf8)
    scalars = ScalarIndex(bytes)
    units = TextUnits(document, bytes: bytes, scalars)
    blocks = TextBlocks(units, bytes: bytes, tuning.blocks)
    self.document = document
    self.bytes = bytes
    self.tuning = tuning
  }

  /// Blocks of about a hundred words, whether paragraphs end in them or not.
  package var stretches: TextBlocks { TextBlocks(stretchesOf: units, tuning.blocks) }

  /// A unit, verbatim, with where it stands.
  package func excerpt(ofUnit unit: Int) -> Excerpt {
    let range = units.ranges[unit]
    let start = scalars.scalarOffset(ofByte: Int(range.lowerBound))
    return Excerpt(
      start: start, end: scalars.scalarOffset(ofByte: Int(range.upperBound)),
      text: verbatim(unit), path: path(at: start),
      header: units.row(unit)?.header.map(verbatim))
  }

  /// A unit on one line.
  package func line(ofUnit unit: Int) -> String {
    String(decoding: bytes(ofUnit: unit), as: UTF8.self)
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// A unit on one line as it is shown to a model: of a table with its columns' names.
  package func shown(unit: Int) -> String {
    guard let row = units.row(unit), let header = row.header, let delimiter = row.delimiter else {
      return line(ofUnit: unit)
    }
    return Rows.named(verbatim(unit), header: verbatim(header), delimiter: delimiter)
  }

  private func verbatim(_ unit: Int) -> String {
    String(decoding: bytes(ofUnit: unit), as: UTF8.self)
  }

  /// The file that a unit stands in, if the document has several.
  package func path(ofUnit unit: Int) -> String? {
    path(at: scalars.scalarOffset(ofByte: Int(units.ranges[unit].lowerBound)))
  }

  private func path(at offset: Int) -> String? {
    document.isDirectory ? document.origin(of: offset)?.path : nil
  }

  /// True for questions and headings: they name what is asked and do not answer it.
  func asks(_ unit: Int) -> Bool {
    guard units.isProse(unit) else { return false }
    let bytes = bytes(ofUnit: unit)
    return bytes.suffix(4).contains(UInt8(ascii: "?")) || bytes.first == UInt8(ascii: "#")
  }

  package func bytes(ofUnit unit: Int) -> ArraySlice<UInt8> {
    let range = units.ranges[unit]
    return bytes[Int(range.lowerBound)..<Int(range.upperBound)]
  }
}

/// A stretch of a document's text, verbatim.
package struct Excerpt: Sendable, Equatable {
  /// Unicode scalars of the text before the excerpt and before its end.
  package let start: Int
  package let end: Int
  package let text: String
  /// The file it stands in, if the document has several.
  package let path: String?
  /// Of a table's row: the row that names its columns.
  package var header: String?
}
