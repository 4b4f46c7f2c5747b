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
      text: String(decoding: bytes(ofUnit: unit), as: UTF8.self), path: path(at: start))
  }

  /// A unit on one line.
  package func line(ofUnit unit: Int) -> String {
    String(decoding: bytes(ofUnit: unit), as: UTF8.self)
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
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
}
