import Documents
import Foundation

/// The units that quotes are made of: sentences of prose, small blocks of code.
package struct TextUnits {
  /// UTF-8 offsets in the document's text.
  package let ranges: [Range<Int32>]
  /// True for a directory and for a single file of source code.
  package let isCode: Bool
  /// The first unit of each of the document's files.
  private let firstOfParts: Set<Int>
  /// Units of prose: sentences, not lines of code.
  private let prose: IndexSet
  /// Rows of tables, lists and the like; of a table's with the row that names its columns.
  private let rows: [Int: Row]
  /// Units about a copy of a text and not of it.
  let boilerplate: IndexSet

  /// A unit that is a row.
  package struct Row: Sendable {
    /// True for the row of a table and for an object of JSON: a thing with names for its values.
    package let isRecord: Bool
    /// The unit that names a table's columns, and what stands between these.
    package let header: Int?
    package let delimiter: UInt8?
  }

  private static let longestUnit = 600
  private static let codeLines = 6
  private static let proseExtensions: Set<Substring> = [
    "md", "txt", "rst", "text", "markdown", "adoc", "org", "tex", "epub", "pdf", "docx", "odt",
    "fodt", "rtf", "html", "htm", "xhtml", "mbox", "eml", "ipynb",
  ]
  private static let codeExtensions: Set<Substring> = [
    "c", "cc", "clj", "cpp", "cs", "cu", "cxx", "dart", "erl", "ex", "f90", "go", "h", "hpp", "hs",
    "java", "jl", "js", "jsx", "kt",
    "lua", "m", "ml", "mm", "nim", "php", "pl", "proto", "py", "pyi", "rb", "rs", "scala", "sh",
    "sql", "swift", "ts", "tsx", "zig",
  ]
  private static let rowExtensions: Set<Substring> = [
    "csv", "tsv", "json", "jsonl", "ndjson", "yaml", "yml", "log", "ini", "toml", "properties",
    "conf", "env",
  ]
  private static let longestRow = 4000
  private static let abbreviations: Set<String> = [
    "mr", "mrs", "ms", "dr", "st", "prof", "rev", "hon", "gen", "col", "capt", "lt", "sgt", "mt",
    "no", "vol", "fig", "vs", "etc", "e.g",
    "i.e", "cf", "al", "jr", "sr", "inc", "ltd", "co", "pp", "ch", "ed",
  ]

  init(_ document: Document, bytes: [UInt8], _ scalars: ScalarIndex) {
    var ranges: [Range<Int32>] = []
    var firstOfParts: Set<Int> = []
    var prose = IndexSet()
    var rows: [Int: Row] = [:]
    var boilerplate = IndexSet()
    let isDirectory = document.isDirectory
    isCode = isDirectory || Self.isKind(document.name, of: Self.codeExtensions)
    for part in document.parts {
      firstOfParts.insert(ranges.count)
      let range =
        scalars.byteOffset(
          ofScalar: part.start)..<scalars.byteOffset(ofScalar: part.start + part.length)
      if !isCode || Self.isKind(part.path, of: Self.proseExtensions) {
        let first = ranges.count
        Self.paragraphs(bytes, range, into: &ranges, &rows)
        prose.insert(integersIn: first..<ranges.count)
        boilerplate.formUnion(Boilerplate.units(bytes, ranges, part: range))
      } else if Self.isKind(part.path, of: Self.rowExtensions) {
        Self.paragraphs(bytes, range, into: &ranges, &rows)
      } else {
        Self.blocks(bytes, range, into: &ranges)
      }
    }

    self.ranges = ranges
    self.firstOfParts = firstOfParts
    self.prose = prose
    self.rows = rows
    self.boilerplate = boilerplate
  }

  func isProse(_ unit: Int) -> Bool { prose.contains(unit) }

  package func isRecord(_ unit: Int) -> Bool { rows[unit]?.isRecord ?? false }

  /// Rows under each row of names.
  var headed: [Int: [Int32]] {
    var rows: [Int: [Int32]] = [:]
    for (unit, row) in self.rows {
      if let header = row.header { rows[header, default: []].append(Int32(unit)) }
    }
    return rows
  }

  /// nil for a sentence or a block of code.
  package func row(_ unit: Int) -> Row? { rows[unit] }

  private static func isKind(_ path: String, of extensions: Set<Substring>) -> Bool {
    let last = path.split(separator: "/").last?.split(separator: ".").dropFirst().last
    return last.map { extensions.contains(Substring($0.lowercased())) } ?? false
  }

  func beginsPart(_ unit: Int) -> Bool { firstOfParts.contains(unit) }

  /// Rows where a paragraph's lines are such, else sentences.
  private static func paragraphs(
    _ bytes: [UInt8], _ range: Range<Int>, into ranges: inout [Range<Int32>],
    _ rows: inout [Int: Row]
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start
      var next = range.upperBound
      while end < range.upperBound {
        if let after = paragraphEnd(bytes, end, range.upperBound) {
          next = after
          break
        }
        end += 1
      }
      if let found = Rows(bytes, start..<end) {
        append(found, bytes, into: &ranges, &rows)
      } else {
        sentences(bytes, start..<end, into: &ranges)
      }
      start = next
    }
  }

  private static func append(
    _ found: Rows, _ bytes: [UInt8], into ranges: inout [Range<Int32>], _ rows: inout [Int: Row]
  ) {
    let header = found.hasHeader ? ranges.count : nil
    for range in found.ranges {
      let first = ranges.count
      append(bytes, range, into: &ranges, atMost: longestRow)
      // The row of names is a row without names.
      let named = first == header ? nil : header
      for unit in first..<ranges.count {
        rows[unit] = Row(
          isRecord: found.areRecords, header: named, delimiter: found.delimiter)
      }
    }
  }

  /// Sentences end at terminators before white space, and at blank lines.
  private static func sentences(
    _ bytes: [UInt8], _ range: Range<Int>, into ranges: inout [Range<Int32>]
  ) {
    var start = range.lowerBound
    var index = start
    while index < range.upperBound {
      let next = index + 1
      if let end = paragraphEnd(bytes, index, range.upperBound) {
        append(bytes, start..<index, into: &ranges)
        start = end
        index = end
      } else if isSentenceEnd(bytes, index, from: start, to: range.upperBound) {
        let end = afterClosers(bytes, next, range.upperBound)
        append(bytes, start..<end, into: &ranges)
        start = end
        index = end
      } else {
        index = next
      }
    }

    append(bytes, start..<range.upperBound, into: &ranges)
  }

  /// Lines that belong together, a few at a time.
  private static func blocks(
    _ bytes: [UInt8], _ range: Range<Int>, into ranges: inout [Range<Int32>]
  ) {
    var start = range.lowerBound
    var lines = 0
    var index = start
    while index < range.upperBound {
      if bytes[index] == 10 {
        lines += 1
        let isBlank = index + 1 < range.upperBound && bytes[index + 1] == 10
        if isBlank || lines == codeLines {
          append(bytes, start..<index, into: &ranges)
          start = index + 1
          lines = 0
        }
      }
      index += 1
    }

    append(bytes, start..<range.upperBound, into: &ranges)
  }

  private static func paragraphEnd(_ bytes: [UInt8], _ index: Int, _ end: Int) -> Int? {
    guard bytes[index] == 10 else { return nil }
    var next = index + 1
    while next < end, bytes[next] == 32 || bytes[next] == 13 || bytes[next] == 9 { next += 1 }
    guard next < end, bytes[next] == 10 else { return nil }
    while next < end, isSpace(bytes[next]) { next += 1 }
    return next
  }

  private static func isSentenceEnd(_ bytes: [UInt8], _ index: Int, from start: Int, to end: Int)
    -> Bool
  {
    let byte = bytes[index]
    if byte >= 0x80 { return endsWithTerminator(bytes, index, from: start) }
    guard byte == UInt8(ascii: ".") || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?") else {
      return false
    }
    let next = afterClosers(bytes, index + 1, end)
    guard next >= end || spaceWidth(bytes, next) > 0 else { return false }
    if byte != UInt8(ascii: ".") { return startsSentence(bytes, next, end) }

    return !endsAbbreviation(bytes, index, from: start) && startsSentence(bytes, next, end)
  }

  /// Ends of sentences in other scripts; nothing else is written with them (Sentence_Terminal,
  /// UAX #29).
  private static let terminators: Set<UInt32> = [
    0x0589, 0x061F, 0x06D4, 0x0700, 0x0701, 0x0702, 0x0964, 0x0965, 0x104A, 0x104B, 0x1362, 0x1367,
    0x17D4, 0x17D5, 0x1803, 0x1809, 0x3002, 0xFE52, 0xFF01, 0xFF0E, 0xFF1F, 0xFF61,
  ]
  /// Letters that close a quotation or a bracket.
  private static let closers: Set<UInt32> = [
    0x00AB, 0x00BB, 0x2018, 0x2019, 0x201C, 0x201D, 0x203A, 0x3009, 0x300B, 0x300D, 0x300F, 0x3011,
    0xFF02, 0xFF09, 0xFF3D, 0xFF63,
  ]

  /// Whether the byte is the last of a terminator.
  private static func endsWithTerminator(_ bytes: [UInt8], _ index: Int, from start: Int) -> Bool {
    var begin = index
    while begin > start, index - begin < 3, bytes[begin] & 0xC0 == 0x80 { begin -= 1 }
    guard let (scalar, width) = scalar(bytes, begin), begin + width == index + 1 else {
      return false
    }
    return terminators.contains(scalar)
  }

  private static func scalar(_ bytes: [UInt8], _ index: Int) -> (UInt32, width: Int)? {
    let (scalar, width) = Letters.scalar(bytes[...], at: index)
    return scalar.map { (UInt32($0), width) }
  }

  /// What follows a sentence does not begin with a small letter.
  private static func startsSentence(_ bytes: [UInt8], _ index: Int, _ end: Int) -> Bool {
    var next = index
    while next < end, spaceWidth(bytes, next) > 0 { next += spaceWidth(bytes, next) }
    return next >= end || !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains(bytes[next])
  }

  private static func endsAbbreviation(_ bytes: [UInt8], _ index: Int, from start: Int) -> Bool {
    var begin = index
    while begin > start, !isSpace(bytes[begin - 1]), bytes[begin - 1] != UInt8(ascii: "(") {
      begin -= 1
    }
    let word = String(decoding: bytes[begin..<index], as: UTF8.self).lowercased()
    return word.count == 1 && word != "i" || abbreviations.contains(word)
  }

  private static func afterClosers(_ bytes: [UInt8], _ index: Int, _ end: Int) -> Int {
    var next = index
    while next < end {
      let byte = bytes[next]
      let isASCII =
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: ")")
        || byte == UInt8(ascii: "]")
      if isASCII {
        next += 1
        continue
      }
      // French sets a space before its closing mark.
      let gap = byte >= 0x80 || byte == 32 ? spaceWidth(bytes, next) : 0
      guard next + gap < end, bytes[next + gap] >= 0x80,
        let (mark, width) = scalar(bytes, next + gap), closers.contains(mark),
        gap == 0 || mark == 0x00BB
      else { break }
      next += gap + width
    }

    return next
  }

  /// Bytes of the white space that stands here, 0 for anything else.
  private static func spaceWidth(_ bytes: [UInt8], _ index: Int) -> Int {
    if isSpace(bytes[index]) { return 1 }
    guard bytes[index] >= 0xC2, let (mark, width) = scalar(bytes, index) else { return 0 }
    let isSpace =
      mark == 0xA0 || mark == 0x202F || mark == 0x3000 || (0x2000...0x200A).contains(mark)
    return isSpace ? width : 0
  }

  /// Trims white space and cuts what is too long at white space.
  private static func append(
    _ bytes: [UInt8], _ range: Range<Int>, into ranges: inout [Range<Int32>],
    atMost longest: Int = longestUnit
  ) {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, isSpace(bytes[start]) { start += 1 }
    while end > start, isSpace(bytes[end - 1]) { end -= 1 }
    while end - start > longest {
      var cut = start + longest
      while cut > start + longest / 2, !isSpace(bytes[cut]) { cut -= 1 }
      while cut > start, bytes[cut] & 0xC0 == 0x80 { cut -= 1 }
      append(bytes, start..<cut, into: &ranges, atMost: longest)
      start = cut
      while start < end, isSpace(bytes[start]) { start += 1 }
    }

    if end > start { ranges.append(Int32(start)..<Int32(end)) }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
