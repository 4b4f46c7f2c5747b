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
    let path = path(at: start)
    return Excerpt(
      start: start, end: scalars.scalarOffset(ofByte: Int(range.upperBound)),
      text: verbatim(unit), path: path,
      header: units.row(unit)?.header.map(verbatim),
      line: units.isCode && !hasPlaces(start) ? line(at: Int(range.lowerBound)) : nil,
      chapter: label(Place.Kind.entry, Place.Kind.section, at: start) ?? chapter(of: unit),
      page: label(Place.Kind.page, at: start),
      percent: bytes.isEmpty ? 0 : 100 * Int(range.lowerBound) / bytes.count)
  }

  /// Text that was taken out of a file has no lines of the file's own.
  private func hasPlaces(_ offset: Int) -> Bool {
    document.part(at: offset)?.places.map { !$0.isEmpty } ?? false
  }

  /// What the places before an offset are called, of each of these kinds that the file has.
  private func label(_ kinds: String..., at offset: Int) -> String? {
    guard let part = document.part(at: offset), let places = part.places else { return nil }
    let labels = kinds.compactMap { places.label($0, at: offset - part.start) }
    return labels.isEmpty ? nil : labels.joined(separator: " > ")
  }

  /// The page that a unit stands on; nil where the text has none.
  func page(ofUnit unit: Int) -> String? {
    label(
      Place.Kind.page, at: scalars.scalarOffset(ofByte: Int(units.ranges[unit].lowerBound)))
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

  /// The line of its file that a byte stands in.
  private func line(at byte: Int) -> Int {
    let offset = scalars.scalarOffset(ofByte: byte)
    let part = document.parts.last { $0.start <= offset }
    let start = part.map { scalars.byteOffset(ofScalar: $0.start) } ?? 0
    return 1 + bytes[start..<byte].count { $0 == 10 }
  }

  private func chapter(of unit: Int) -> String? {
    guard !units.isCode else { return nil }
    for begin in stride(from: unit, through: max(0, unit - Self.longestChapter), by: -1) {
      if let title = title(beginningAt: begin) { return title }
    }
    return nil
  }

  /// Units among which a chapter's heading is looked for.
  private static let longestChapter = 5000

  /// Where words of these stand in a unit, in scalars of the text: runs of them, each with at least
  /// one that is no stop word.
  package func marks(of stems: Set<UInt64>, inUnit unit: Int) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var run: Range<Int>?
    var tells = false
    func close() {
      if let run, tells { runs.append(run) }
      run = nil
      tells = false
    }
    Words.forEach(in: bytes(ofUnit: unit)) { form in
      guard form.isWhole else { return }
      guard stems.contains(form.stem) else { return close() }
      run = (run?.lowerBound ?? form.range.lowerBound)..<form.range.upperBound
      if !Words.stop.contains(form.stem) { tells = true }
    }
    close()
    return runs.map {
      scalars.scalarOffset(ofByte: $0.lowerBound)..<scalars.scalarOffset(ofByte: $0.upperBound)
    }
  }

  /// The unit that a byte stands in, or the last before it.
  package func unit(at byte: Int) -> Int {
    var low = 0
    var high = max(units.ranges.count - 1, 0)
    while low < high {
      let middle = (low + high + 1) / 2
      if Int(units.ranges[middle].lowerBound) <= byte { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// A stretch of the text's bytes in scalars.
  package func scalarRange(ofBytes range: Range<Int>) -> Range<Int> {
    scalars.scalarOffset(ofByte: range.lowerBound)..<scalars.scalarOffset(ofByte: range.upperBound)
  }

  /// Where a unit stands, in scalars of the text.
  func scalarRange(ofUnit unit: Int) -> Range<Int> {
    let range = units.ranges[unit]
    return scalars.scalarOffset(
      ofByte: Int(range.lowerBound))..<scalars.scalarOffset(ofByte: Int(range.upperBound))
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
  /// Of code: the line of its file, from 1.
  package var line: Int?
  /// The chapter of a book, as its heading names it.
  package var chapter: String?
  /// The page, as it is printed on it, or counted.
  package var page: String?
  /// Of the text that stands before it, in hundredths.
  package var percent = 0
}
