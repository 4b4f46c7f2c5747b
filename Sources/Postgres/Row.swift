/// A row of a result: columns by name, null as nil.
package struct Row: Sendable {
  private let values: [String: [UInt8]?]
  /// Values as the server holds them, not as text.
  private let isBinary: Bool

  init(_ values: [String: [UInt8]?], isBinary: Bool) {
    self.values = values
    self.isBinary = isBinary
  }

  /// - Throws: `PostgresError.unexpectedResult` when there is no such column, or it is null.
  package func text(_ column: String) throws -> String {
    try required(column, try optionalText(column))
  }

  package func optionalText(_ column: String) throws -> String? {
    try raw(column).map { String(decoding: $0, as: UTF8.self) }
  }

  package func integer(_ column: String) throws -> Int {
    try required(column, try optionalInteger(column))
  }

  /// A column of two, four or eight bytes, or digits.
  package func optionalInteger(_ column: String) throws -> Int? {
    guard let value = try raw(column) else { return nil }
    let number = isBinary ? Self.integer(value) : Int(String(decoding: value, as: UTF8.self))
    guard let number else {
      throw PostgresError.unexpectedResult("\(column) is not an integer")
    }
    return number
  }

  package func double(_ column: String) throws -> Double {
    try required(column, try optionalDouble(column))
  }

  /// A column of type float8, or a number's text.
  package func optionalDouble(_ column: String) throws -> Double? {
    guard let value = try raw(column) else { return nil }
    let number = isBinary ? Self.double(value) : Double(String(decoding: value, as: UTF8.self))
    guard let number else { throw PostgresError.unexpectedResult("\(column) is not a number") }
    return number
  }

  package func boolean(_ column: String) throws -> Bool {
    let value = try required(column, try raw(column))
    return isBinary ? value == [1] : value == Array("t".utf8)
  }

  /// A column of type text[], as text.
  package func list(_ column: String) throws -> [String] {
    var elements: [String] = []
    var element: String?
    var isQuoted = false
    var isEscaped = false
    for character in try text(column).dropFirst().dropLast().unicodeScalars {
      if isEscaped || (isQuoted && character != "\"" && character != "\\") {
        element = (element ?? "") + String(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        isQuoted.toggle()
        element = element ?? ""
      } else if character == "," {
        elements.append(element ?? "")
        element = nil
      } else {
        element = (element ?? "") + String(character)
      }
    }
    return elements + [element].compactMap(\.self)
  }

  /// A bytea column.
  package func bytes(_ column: String) throws -> [UInt8] {
    let value = try required(column, try raw(column))
    if isBinary { return value }
    let hex = value.dropFirst(2).map { $0 }

    return try stride(from: 0, to: hex.count - 1, by: 2).map { index in
      guard let high = Self.digit(hex[index]), let low = Self.digit(hex[index + 1]) else {
        throw PostgresError.unexpectedResult("\(column) is not a bytea")
      }
      return high << 4 | low
    }
  }

  private func required<Value>(_ column: String, _ value: Value?) throws -> Value {
    guard let value else { throw PostgresError.unexpectedResult("\(column) is null") }
    return value
  }

  private func raw(_ column: String) throws -> [UInt8]? {
    guard let value = values[column] else {
      throw PostgresError.unexpectedResult("there is no column \(column)")
    }
    return value
  }

  /// Two's complement, the highest byte first.
  private static func integer(_ bytes: [UInt8]) -> Int? {
    switch bytes.count {
    case 2: Int(bytes.reduce(Int16(0)) { $0 << 8 | Int16(truncatingIfNeeded: $1) })
    case 4: Int(bytes.reduce(Int32(0)) { $0 << 8 | Int32(truncatingIfNeeded: $1) })
    case 8: bytes.reduce(0) { $0 << 8 | Int($1) }
    default: nil
    }
  }

  private static func double(_ bytes: [UInt8]) -> Double? {
    guard bytes.count == 8 else { return nil }
    return Double(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) })
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
