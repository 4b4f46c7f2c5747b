import Schemas

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
    /// The last name, as JSON has it, and whether its value is next.
    case object(name: [UInt8], isValueNext: Bool)
    case array(elements: Int)
  }

  private let caps: Caps
  private var levels: [Level] = []
  package private(set) var isInString = false
  package private(set) var isEscaped = false
  private var length = 0
  /// Of the text that is open, as JSON has it.
  package private(set) var content: [UInt8] = []

  /// Lists and objects that are open.
  package var depth: Int { levels.count }

  package init(_ caps: Caps = Caps()) { self.caps = caps }

  /// True within a text that is a value, not a name.
  package var isInValue: Bool {
    if case .object(_, isValueNext: false)? = levels.last { return false }
    return isInString
  }

  /// True where an object's value comes next, and of it at most the quote of a text is there.
  package var isAtValue: Bool {
    guard case .object(_, isValueNext: true)? = levels.last else { return false }
    return length == 0
  }

  /// Names and indices that lead to the value that is open.
  package var path: [String] {
    levels.map { level in
      switch level {
      case .array(let elements): String(elements - 1)
      case .object(let name, _):
        (try? JSONTree(parsing: [UInt8(ascii: "\"")] + name + [UInt8(ascii: "\"")]))?.string ?? ""
      }
    }
  }

  package mutating func take(_ bytes: some Sequence<UInt8>) { for byte in bytes { take(byte) } }

  package mutating func take(_ byte: UInt8) {
    if isInString { return takeInString(byte) }
    switch byte {
    case UInt8(ascii: "\""):
      isInString = true
      length = 0
    case UInt8(ascii: "{"): begin(.object(name: [], isValueNext: false))
    case UInt8(ascii: "["): begin(.array(elements: 1))
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      levels.removeLast(levels.isEmpty ? 0 : 1)
      if case .object(let name, _)? = levels.last {
        levels[levels.count - 1] = .object(name: name, isValueNext: false)
      }
      length = 0
    case UInt8(ascii: ","):
      switch levels.last {
      case .array(let count)?: levels[levels.count - 1] = .array(elements: count + 1)
      case .object(let name, _)?:
        levels[levels.count - 1] = .object(name: name, isValueNext: false)
      case nil: break
      }
      length = 0
    case UInt8(ascii: ":"):
      if case .object(let name, _)? = levels.last {
        levels[levels.count - 1] = .object(name: name, isValueNext: true)
      }
      length = 0
    default: length += 1
    }
  }

  private mutating func takeInString(_ byte: UInt8) {
    length += 1
    if !isEscaped, byte == UInt8(ascii: "\"") {
      if case .object(let name, let isValue)? = levels.last {
        levels[levels.count - 1] = .object(name: isValue ? name : content, isValueNext: false)
      }
      isInString = false
      length = 0
      content = []
      return
    }
    isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
    content.append(byte)
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
