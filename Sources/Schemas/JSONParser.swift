/// What is wrong with a text that is to be JSON.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  package let reason: String
  /// From 1.
  package let line: Int
  package let column: Int

  package var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSONTree {
  /// Values within values, at most: what is deeper is no document of a person's.
  private static let usualDepth = 128

  /// What becomes of a name that stands twice in an object.
  package enum RepeatedName: Sendable {
    case refused
    /// The last value counts, as most programs have it: for what models write.
    case lastCounts
  }

  /// - Throws: `JSONError`
  package init(
    parsing text: String, mostDepth: Int = usualDepth, repeatedName: RepeatedName = .refused
  ) throws {
    try self.init(parsing: Array(text.utf8), mostDepth: mostDepth, repeatedName: repeatedName)
  }

  /// - Throws: `JSONError`
  package init(
    parsing bytes: [UInt8], mostDepth: Int = usualDepth, repeatedName: RepeatedName = .refused
  ) throws {
    var parser = JSONParser(bytes, mostDepth, repeatedName)
    self = try parser.document()
  }
}

/// Takes a text apart by RFC 8259, strictly.
private struct JSONParser {
  private let bytes: [UInt8]
  private let mostDepth: Int
  private let repeatedName: JSONTree.RepeatedName
  private var next = 0
  private var depth = 0

  init(_ bytes: [UInt8], _ mostDepth: Int, _ repeatedName: JSONTree.RepeatedName) {
    self.bytes = bytes
    self.mostDepth = mostDepth
    self.repeatedName = repeatedName
  }

  private func error(_ reason: String, at place: Int? = nil) -> JSONError {
    let before = bytes.prefix(place ?? next)
    let start = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
    return JSONError(
      reason: reason, line: before.count { $0 == 10 } + 1, column: before.count - start + 1)
  }

  mutating func document() throws -> JSONTree {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { next = 3 }
    let value = try value()
    skipSpace()
    guard next == bytes.count else { throw error("something stands behind the value") }
    return value
  }

  private mutating func skipSpace() {
    while next < bytes.count, [32, 9, 10, 13].contains(bytes[next]) { next += 1 }
  }

  private mutating func takes(_ byte: UInt8) -> Bool {
    skipSpace()
    guard next < bytes.count, bytes[next] == byte else { return false }
    next += 1
    return true
  }

  private mutating func value() throws -> JSONTree {
    skipSpace()
    guard next < bytes.count else { throw error("the text ends where a value is expected") }
    depth += 1
    defer { depth -= 1 }
    guard depth <= mostDepth else { throw error("values stand deeper than \(mostDepth) levels") }
    switch bytes[next] {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), 48...57: return .number(try number())
    default:
      for (word, value) in [
        ("true", JSONTree.bool(true)), ("false", .bool(false)), ("null", .null),
      ]
      where bytes[next...].starts(with: word.utf8) {
        next += word.utf8.count
        return value
      }
      throw error("no value begins so")
    }
  }

  private mutating func object() throws -> JSONTree {
    next += 1
    var members: [JSONTree.Member] = []
    var places: [[UInt8]: Int] = [:]
    if takes(UInt8(ascii: "}")) { return .object([]) }
    repeat {
      skipSpace()
      let place = next
      guard next < bytes.count, bytes[next] == UInt8(ascii: "\"") else {
        throw error("a name in quotes is expected")
      }
      let name = try string()
      let earlier = places[Array(name.utf8)]
      guard earlier == nil || repeatedName == .lastCounts else {
        throw error("the name \"\(name.prefix(60))\" stands twice in an object", at: place)
      }
      guard takes(UInt8(ascii: ":")) else { throw error("a colon is expected") }
      let member = JSONTree.Member(name, try value())
      if let earlier {
        members[earlier] = member
      } else {
        places[Array(name.utf8)] = members.count
        members.append(member)
      }
    } while takes(UInt8(ascii: ","))
    guard takes(UInt8(ascii: "}")) else { throw error("a comma or } is expected") }
    return .object(members)
  }

  private mutating func array() throws -> JSONTree {
    next += 1
    var elements: [JSONTree] = []
    if takes(UInt8(ascii: "]")) { return .array([]) }
    repeat { elements.append(try value()) } while takes(UInt8(ascii: ","))
    guard takes(UInt8(ascii: "]")) else { throw error("a comma or ] is expected") }
    return .array(elements)
  }

  private mutating func number() throws -> String {
    let start = next
    func digits() -> Int {
      bytes[next...].prefix { (48...57).contains($0) }.count
    }
    if bytes[next] == UInt8(ascii: "-") { next += 1 }
    let whole = digits()
    guard whole == 1 || whole > 1 && bytes[next] != 48 else {
      throw error("this is no number", at: start)
    }
    next += whole
    if next < bytes.count, bytes[next] == UInt8(ascii: ".") {
      next += 1
      guard digits() > 0 else { throw error("this is no number", at: start) }
      next += digits()
    }
    if next < bytes.count, bytes[next] | 32 == UInt8(ascii: "e") {
      next += 1
      if next < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[next]) {
        next += 1
      }
      guard digits() > 0 else { throw error("this is no number", at: start) }
      next += digits()
    }
    return String(decoding: bytes[start..<next], as: UTF8.self)
  }

  private mutating func string() throws -> String {
    let start = next
    next += 1
    var text: [UInt8] = []
    while next < bytes.count {
      let byte = bytes[next]
      next += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let valid = String(validating: text, as: UTF8.self) else {
          throw error("the text is no UTF-8", at: start)
        }
        return valid
      case UInt8(ascii: "\\"): try escape(&text)
      case 0..<32: throw error("a control character must be escaped", at: next - 1)
      default: text.append(byte)
      }
    }
    throw error("a text without an end", at: start)
  }

  private static let escapes: [UInt8: UInt8] = [
    UInt8(ascii: "\""): 34, UInt8(ascii: "\\"): 92, UInt8(ascii: "/"): 47, UInt8(ascii: "b"): 8,
    UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
  ]

  private mutating func escape(_ text: inout [UInt8]) throws {
    guard next < bytes.count else { throw error("a text without an end") }
    let byte = bytes[next]
    next += 1
    if let plain = Self.escapes[byte] { return text.append(plain) }
    guard byte == UInt8(ascii: "u") else { throw error("no such escape", at: next - 1) }
    var unit = try hexadecimal()
    if (0xD800..<0xDC00).contains(unit), bytes[next...].starts(with: Array("\\u".utf8)) {
      let before = next
      next += 2
      let low = try hexadecimal()
      if (0xDC00..<0xE000).contains(low) {
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      } else {
        next = before
      }
    }
    // Half a character cannot be told.
    text += Array(String(Unicode.Scalar(unit) ?? "\u{FFFD}").utf8)
  }

  private mutating func hexadecimal() throws -> UInt32 {
    let digits = bytes[next...].prefix(4)
    let isHexadecimal = digits.allSatisfy {
      (48...57).contains($0) || (97...102).contains($0 | 32)
    }
    guard digits.count == 4, isHexadecimal,
      let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("four hexadecimal digits are expected") }
    next += 4
    return unit
  }
}
