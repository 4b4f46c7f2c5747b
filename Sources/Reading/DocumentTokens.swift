import Results
import Documents
import Inference
import Tokenizer

/// A document's text as tokens and as quotable units, and the way between the two.
struct DocumentTokens {
  let document: Document
  let bytes: [UInt8]
  let ids: [Int32]
  let units: TextUnits
  let blocks: TextBlocks
  private let offsets: [Int32]  // of each token's first byte
  private let scalars: ScalarIndex

  init(_ document: Document, _ tokenizer: Tokenizer) {
    self.document = document
    let bytes = Array(document.text.utf8)
    let ids = bytes.withUnsafeBufferPointer { tokenizer.encode($0) }
    offsets = bytes.withUnsafeBufferPointer { tokenizer.offsets(of: ids, in: $0) }
    units = TextUnits(document, bytes: bytes)
    blocks = TextBlocks(units, bytes: bytes)
    scalars = ScalarIndex(bytes)
    self.bytes = bytes
    self.ids = ids
  }

  func lexicalScores(_ question: String) -> LexicalScores {
    LexicalScores(question: question, units: units, blocks: blocks, bytes: bytes)
  }

  /// The tokens that a unit's bytes lie in.
  func tokens(ofUnit unit: Int) -> Range<Int> {
    let range = units.ranges[unit]
    return token(at: range.lowerBound)..<token(at: range.upperBound - 1) + 1
  }

  /// The token in which a byte lies.
  private func token(at offset: Int32) -> Int {
    var low = 0
    var high = ids.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if offsets[middle] <= offset { low = middle } else { high = middle - 1 }
    }

    return low
  }

  /// The attention that each unit's tokens got. `shift` is the position of the document's first
  /// token.
  func mass(of trace: AttentionTrace, shift: Int) -> [Double] {
    let starts = units.ranges.indices.map { tokens(ofUnit: $0).lowerBound }
    var result = [Double](repeating: 0, count: units.ranges.count)
    for (position, mass) in trace.mass where position >= shift && position - shift < ids.count {
      let unit = Self.last(starts, atMost: position - shift)
      if unit >= 0 { result[unit] += Double(mass) }
    }

    return result
  }

  private static func last(_ starts: [Int], atMost value: Int) -> Int {
    var low = -1
    var high = starts.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if starts[middle] <= value { low = middle } else { high = middle - 1 }
    }

    return low
  }

  /// A run of units as a quote.
  func quote(_ units: ClosedRange<Int>, score: Double) -> Quote {
    let start = Int(self.units.ranges[units.lowerBound].lowerBound)
    let end = Int(self.units.ranges[units.upperBound].upperBound)
    let first = scalars.scalarOffset(ofByte: start)
    let path = document.parts.count > 1 ? document.origin(of: first)?.path : nil
    return Quote(
      start: first, end: scalars.scalarOffset(ofByte: end),
      quote: String(decoding: bytes[start..<end], as: UTF8.self),
      score: (score * 1000).rounded() / 1000, path: path)
  }

  /// True for questions and headings: they name what is asked and do not answer it.
  func asks(_ unit: Int) -> Bool {
    let range = units.ranges[unit]
    let last = bytes[Int(range.lowerBound)..<Int(range.upperBound)].suffix(4)
    return last.contains(UInt8(ascii: "?")) || bytes[Int(range.lowerBound)] == UInt8(ascii: "#")
  }

  /// The file that a unit stands in, if the document has several.
  func path(ofUnit unit: Int) -> String? {
    guard document.parts.count > 1 else { return nil }
    return document.origin(of: scalars.scalarOffset(ofByte: Int(units.ranges[unit].lowerBound)))?
      .path
  }

  /// A unit on one line.
  func line(ofUnit unit: Int) -> String {
    let range = units.ranges[unit]
    return String(decoding: bytes[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
