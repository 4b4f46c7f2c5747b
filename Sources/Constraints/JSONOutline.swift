/// Where the end of a text that is being written stands in JSON: what to close, where an answer
/// grows without end.
package struct JSONOutline: Sendable {
  /// Characters of a text, elements of a list, digits of a number: beyond them models repeat
  /// themselves.
  package struct Caps: Sendable, Equatable {
    package var string = 4096
    package var array = 512
    package var number = 24

    package init() {}
  }

  private enum Level: Equatable {
    case object
    case array(elements: Int)
  }

  private let caps: Caps
  private var levels: [Level] = []
  package private(set) var isInString = false
  private var isEscaped = false
  private var length = 0

  /// Lists and objects that are open.
  package var depth: Int { levels.count }

  package init(_ caps: Caps = Caps()) { self.caps = caps }

  package mutating func take(_ bytes: some Sequence<UInt8>) { for byte in bytes { take(byte) } }

  private mutating func take(_ byte: UInt8) {
    if isInString {
      length += 1
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
        length = 0
      }
      return
    }
    switch byte {
    case UInt8(ascii: "\""):
      isInString = true
      length = 0
    case UInt8(ascii: "{"): begin(.object)
    case UInt8(ascii: "["): begin(.array(elements: 1))
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      levels.removeLast(levels.isEmpty ? 0 : 1)
      length = 0
    case UInt8(ascii: ","):
      if case .array(let count)? = levels.last {
        levels[levels.count - 1] = .array(elements: count + 1)
      }
      length = 0
    case UInt8(ascii: ":"): length = 0
    default: length += 1
    }
  }

  private mutating func begin(_ level: Level) {
    levels.append(level)
    length = 0
  }

  /// Bytes one of which is to come next if any may; none where nothing has to end.
  /// - Parameter isLate: true where the answer as a whole has to end soon.
  package func closing(isLate: Bool = false) -> [UInt8] {
    if isInString {
      return !isEscaped && (isLate || length >= caps.string) ? [UInt8(ascii: "\"")] : []
    }
    if length >= caps.number, !levels.isEmpty { return Array(",]}".utf8) }
    switch levels.last {
    case .array(let count)? where isLate || count >= caps.array: return [UInt8(ascii: "]")]
    case .object? where isLate: return [UInt8(ascii: "}")]
    default: return []
    }
  }
}
