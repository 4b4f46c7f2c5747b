/// Texts that stand in a source, from the beginning of a word to an end of one, as JSON has them.
struct SourceTexts {
  /// Bytes by which places are told apart: longer texts are no values.
  private static let longest = 300

  private let bytes: [UInt8]
  /// Where texts may begin, sorted by what stands there.
  private let starts: [Int]

  /// Spaces count as one, as they do to readers.
  init(_ sources: [String]) {
    var bytes: [UInt8] = []
    for source in sources {
      for byte in source.utf8 {
        switch byte {
        case 0...32, 127: if let last = bytes.last, last != 32, last != 0 { bytes.append(32) }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        default: bytes.append(byte)
        }
      }
      // No text goes on from one source to the next.
      bytes.append(0)
    }
    self.bytes = bytes
    starts = bytes.indices.filter { Self.begins(bytes, $0) }
      .sorted { Self.isBefore(bytes, $0, $1) }
  }

  private static func isPart(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte | 32) || byte >= 128
  }

  private static func begins(_ bytes: [UInt8], _ place: Int) -> Bool {
    guard bytes[place] != 32, bytes[place] != 0 else { return false }
    guard place > 0 else { return true }
    let before = bytes[place - 1]
    return before != UInt8(ascii: "\\") && !(isPart(before) && isPart(bytes[place]))
  }

  private static func isBefore(_ bytes: [UInt8], _ one: Int, _ other: Int) -> Bool {
    let most = min(longest, bytes.count - max(one, other))
    for offset in 0..<most where bytes[one + offset] != bytes[other + offset] {
      return bytes[one + offset] < bytes[other + offset]
    }
    return one < other
  }

  /// Places within `starts` whose texts begin with a prefix.
  func range(of prefix: [UInt8]) -> Range<Int> {
    range(of: prefix[...], from: 0, within: starts.indices)
  }

  /// The same for texts that are known to begin with `offset` bytes already.
  func range(of more: ArraySlice<UInt8>, from offset: Int, within range: Range<Int>) -> Range<Int> {
    guard offset + more.count <= Self.longest else { return 0..<0 }
    let low = first(range) { !isBelow(starts[$0] + offset, more) }
    return low..<first(low..<range.upperBound) { !has(starts[$0] + offset, more) }
  }

  private func first(_ range: Range<Int>, where isThere: (Int) -> Bool) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if isThere(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func isBelow(_ place: Int, _ text: ArraySlice<UInt8>) -> Bool {
    for (index, byte) in text.enumerated() {
      guard place + index < bytes.count else { return true }
      if bytes[place + index] != byte { return bytes[place + index] < byte }
    }
    return false
  }

  private func has(_ place: Int, _ text: ArraySlice<UInt8>) -> Bool {
    place + text.count <= bytes.count && bytes[place..<place + text.count].elementsEqual(text)
  }

  /// True where a text may end: behind a word as the source has it, or at once.
  func canEnd(_ text: [UInt8]) -> Bool {
    guard let last = text.last else { return true }
    guard last != 32 else { return false }
    return range(of: text).contains { index in
      let next = starts[index] + text.count
      return next >= bytes.count || !Self.isPart(last) || !Self.isPart(bytes[next])
    }
  }
}
