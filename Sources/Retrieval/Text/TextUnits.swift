import Documents

/// The units that quotes are made of: sentences of prose, small blocks of code.
package struct TextUnits {
  /// UTF-8 offsets in the document's text.
  package let ranges: [Range<Int32>]
  /// True for a directory and for a single file of source code.
  package let isCode: Bool
  /// The first unit of each of the document's files.
  private let firstOfParts: Set<Int>

  private static let longestUnit = 600
  private static let codeLines = 6
  private static let proseExtensions: Set<Substring> = [
    "md", "txt", "rst", "text", "markdown", "adoc", "org", "tex",
  ]
  private static let codeExtensions: Set<Substring> = [
    "c", "cc", "clj", "cpp", "cs", "cu", "cxx", "dart", "erl", "ex", "f90", "go", "h", "hpp", "hs",
    "java", "jl", "js", "jsx", "kt",
    "lua", "m", "ml", "mm", "nim", "php", "pl", "proto", "py", "pyi", "rb", "rs", "scala", "sh",
    "sql", "swift", "ts", "tsx", "zig",
  ]
  private static let abbreviations: Set<String> = [
    "mr", "mrs", "ms", "dr", "st", "prof", "rev", "hon", "gen", "col", "capt", "lt", "sgt", "mt",
    "no", "vol", "fig", "vs", "etc", "e.g",
    "i.e", "cf", "al", "jr", "sr", "inc", "ltd", "co", "pp", "ch", "ed",
  ]

  init(_ document: Document, bytes: [UInt8], _ scalars: ScalarIndex) {
    var ranges: [Range<Int32>] = []
    var firstOfParts: Set<Int> = []
    let isDirectory = document.isDirectory
    isCode = isDirectory || Self.isKind(document.name, of: Self.codeExtensions)
    for part in document.parts {
      firstOfParts.insert(ranges.count)
      let range =
        scalars.byteOffset(
          ofScalar: part.start)..<scalars.byteOffset(ofScalar: part.start + part.length)
      if !isCode || Self.isKind(part.path, of: Self.proseExtensions) {
        Self.sentences(bytes, range, into: &ranges)
      } else {
        Self.blocks(bytes, range, into: &ranges)
      }
    }

    self.ranges = ranges
    self.firstOfParts = firstOfParts
  }

  private static func isKind(_ path: String, of extensions: Set<Substring>) -> Bool {
    let last = path.split(separator: "/").last?.split(separator: ".").dropFirst().last
    return last.map { extensions.contains(Substring($0.lowercased())) } ?? false
  }

  func beginsPart(_ unit: Int) -> Bool { firstOfParts.contains(unit) }

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
    // The last byte of 。 (E3 80 82), ！ (EF BC 81) and ？ (EF BC 9F)
    if index >= start + 2 {
      let triple = (bytes[index - 2], bytes[index - 1], byte)
      if triple == (0xE3, 0x80, 0x82) || triple == (0xEF, 0xBC, 0x81)
        || triple == (0xEF, 0xBC, 0x9F)
      {
        return true
      }
    }

    guard byte == UInt8(ascii: ".") || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?") else {
      return false
    }
    let next = afterClosers(bytes, index + 1, end)
    guard next >= end || isSpace(bytes[next]) else { return false }
    if byte != UInt8(ascii: ".") { return startsSentence(bytes, next, end) }

    return !endsAbbreviation(bytes, index, from: start) && startsSentence(bytes, next, end)
  }

  /// What follows a sentence does not begin with a small letter.
  private static func startsSentence(_ bytes: [UInt8], _ index: Int, _ end: Int) -> Bool {
    var next = index
    while next < end, isSpace(bytes[next]) { next += 1 }
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
      if bytes[next] == UInt8(ascii: "\"") || bytes[next] == UInt8(ascii: "'")
        || bytes[next] == UInt8(ascii: ")")
        || bytes[next] == UInt8(ascii: "]")
      {
        next += 1
      } else if next + 2 < end, bytes[next] == 0xE2, bytes[next + 1] == 0x80,
        bytes[next + 2] == 0x99 || bytes[next + 2] == 0x9D
      {
        next += 3  // ’ and ”
      } else {
        break
      }
    }

    return next
  }

  /// Trims white space and cuts what is too long at white space.
  private static func append(
    _ bytes: [UInt8], _ range: Range<Int>, into ranges: inout [Range<Int32>]
  ) {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, isSpace(bytes[start]) { start += 1 }
    while end > start, isSpace(bytes[end - 1]) { end -= 1 }
    while end - start > longestUnit {
      var cut = start + longestUnit
      while cut > start + longestUnit / 2, !isSpace(bytes[cut]) { cut -= 1 }
      while cut > start, bytes[cut] & 0xC0 == 0x80 { cut -= 1 }
      append(bytes, start..<cut, into: &ranges)
      start = cut
      while start < end, isSpace(bytes[start]) { start += 1 }
    }

    if end > start { ranges.append(Int32(start)..<Int32(end)) }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
