/// A value of JSON with its members in their order and its numbers as they are written.
///
/// The order of a schema's properties is the order in which an answer is written, and a number of
/// 30 digits is none of a machine's.
package indirect enum JSONTree: Sendable, Equatable {
  case null
  case bool(Bool)
  /// As it stands in the text.
  case number(String)
  case string(String)
  case array([JSONTree])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package let name: String
    package let value: JSONTree

    package init(_ name: String, _ value: JSONTree) {
      self.name = name
      self.value = value
    }
  }

  package static func integer(_ value: Int) -> JSONTree { .number(String(value)) }

  /// A member of an object; nil where there is none, and for what is no object.
  package subscript(name: String) -> JSONTree? {
    guard case .object(let members) = self else { return nil }
    // Names are compared by their scalars: JSON knows no equivalence of characters.
    return members.last { $0.name.unicodeScalars.elementsEqual(name.unicodeScalars) }?.value
  }

  package var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  package var array: [JSONTree]? {
    if case .array(let value) = self { return value }
    return nil
  }

  package var members: [Member]? {
    if case .object(let value) = self { return value }
    return nil
  }

  package var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  package var decimal: DecimalNumber? {
    if case .number(let text) = self { return DecimalNumber(text) }
    return nil
  }

  /// A whole number that fits; nil for all else.
  package var integer: Int? { decimal?.integer }

  /// The same value with another one behind it in the list of members.
  package func with(_ name: String, _ value: JSONTree) -> JSONTree {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { $0.name != name } + [Member(name, value)])
  }

  /// JSON without spaces (RFC 8259).
  package var text: String {
    var output = ""
    write(to: &output)
    return output
  }

  private func write(to output: inout String) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .number(let value): output += value
    case .string(let value): Self.write(value, to: &output)
    case .array(let elements):
      output += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { output += "," }
        element.write(to: &output)
      }
      output += "]"
    case .object(let members):
      output += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { output += "," }
        Self.write(member.name, to: &output)
        output += ":"
        member.value.write(to: &output)
      }
      output += "}"
    }
  }

  private static func write(_ text: String, to output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}

/// A place in a value (RFC 6901).
package struct JSONPointer: Sendable, Equatable, CustomStringConvertible {
  package let parts: [String]

  package init(_ parts: [String] = []) { self.parts = parts }

  package func appending(_ part: String) -> JSONPointer { JSONPointer(parts + [part]) }
  package func appending(_ index: Int) -> JSONPointer { JSONPointer(parts + [String(index)]) }

  /// - Returns: nil where the text is no pointer.
  package init?(text: String) {
    guard text.isEmpty || text.hasPrefix("/") else { return nil }
    parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
      String($0).replacing("~1", with: "/").replacing("~0", with: "~")
    }
  }

  package var description: String {
    parts.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined()
  }

  package func value(in tree: JSONTree) -> JSONTree? {
    parts.reduce(tree) { (found: JSONTree?, part) in
      guard let found else { return nil }
      if let elements = found.array {
        return Int(part).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
      }
      return found[part]
    }
  }
}
