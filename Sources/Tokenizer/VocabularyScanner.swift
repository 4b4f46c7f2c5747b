import Foundation

/// Finds `model.vocab` in a tokenizer.json and gives its entries one by one. Foundation keeps objects
/// in dictionaries of Swift strings, which merge tokens that are canonically equal Unicode.
struct VocabularyScanner {
  private let bytes: [UInt8]
  private var index = 0

  /// - Parameter json: an object that Foundation has parsed: only its vocabulary is looked at.
  /// - Returns: nil where there is none, or where a token's id is no integer.
  static func entries(in json: Data) -> [(token: String, id: Int32)]? {
    var scanner = VocabularyScanner(bytes: Array(json))
    guard scanner.enter("model"), scanner.enter("vocab") else { return nil }
    return scanner.pairs()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func skipSpace() {
    while index < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[index]) { index += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  /// Goes to the value of a key of the object that begins here, which is an object.
  private mutating func enter(_ name: String) -> Bool {
    guard take(UInt8(ascii: "{")) else { return false }
    while let key = string() {
      guard take(UInt8(ascii: ":")) else { return false }
      skipSpace()
      if key == name { return index < bytes.count && bytes[index] == UInt8(ascii: "{") }
      skipValue()
      guard take(UInt8(ascii: ",")) else { return false }
    }
    return false
  }

  private mutating func pairs() -> [(token: String, id: Int32)]? {
    guard take(UInt8(ascii: "{")) else { return nil }
    var pairs: [(token: String, id: Int32)] = []
    while let token = string() {
      guard take(UInt8(ascii: ":")), let id = integer() else { return nil }
      pairs.append((token, id))
      if !take(UInt8(ascii: ",")) { break }
    }
    return take(UInt8(ascii: "}")) ? pairs : nil
  }

  private mutating func integer() -> Int32? {
    skipSpace()
    let start = index
    while index < bytes.count, !",} \n\r\t".utf8.contains(bytes[index]) { index += 1 }
    let id = Int32(String(decoding: bytes[start..<index], as: UTF8.self))
    return id.flatMap { $0 >= 0 ? $0 : nil }
  }

  private mutating func string() -> String? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    let start = index
    var isEscaped = false
    while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
      let isEscape = bytes[index] == UInt8(ascii: "\\")
      isEscaped = isEscaped || isEscape
      index += isEscape ? 2 : 1
    }
    guard index < bytes.count else { return nil }
    defer { index += 1 }
    guard isEscaped else { return String(decoding: bytes[start..<index], as: UTF8.self) }
    return try? JSONDecoder().decode(String.self, from: Data(bytes[start - 1...index]))
  }

  /// Goes behind a value, whatever it is.
  private mutating func skipValue() {
    var depth = 0
    repeat {
      skipSpace()
      guard index < bytes.count else { return }
      switch bytes[index] {
      case UInt8(ascii: "\""): _ = string()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        index += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        index += 1
      default:
        index += 1
        if depth == 0 { return skipScalar() }
      }
    } while depth > 0
  }

  private mutating func skipScalar() {
    while index < bytes.count, !",}] \n\r\t".utf8.contains(bytes[index]) { index += 1 }
  }
}
