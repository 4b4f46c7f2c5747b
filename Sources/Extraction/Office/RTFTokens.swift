/// RTF cut into what it is made of (Rich Text Format Specification 1.9.1, "RTF Syntax").
struct RTFTokens {
  enum Token: Equatable {
    case open
    case close
    /// A control word with its number.
    case word(String, Int?)
    /// A control sign, as `~` or `*`.
    case sign(UInt8)
    /// A byte in the font's code page, written as `\'hh`.
    case byte(UInt8)
    case text(UInt8)
  }

  private let bytes: UnsafeRawBufferPointer
  private var index = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Skips what `\bin` announces.
  mutating func skip(_ count: Int) { index = min(bytes.count, index + max(0, count)) }

  /// nil at the end.
  mutating func next() -> Token? {
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "{"): return .open
      case UInt8(ascii: "}"): return .close
      case UInt8(ascii: "\\"): return control()
      case 10, 13, 0: continue
      default: return .text(byte)
      }
    }
    return nil
  }

  private mutating func control() -> Token? {
    guard index < bytes.count else { return nil }
    let first = bytes[index]
    guard Self.isLetter(first) else {
      index += 1
      guard first == UInt8(ascii: "'") else { return .sign(first) }
      let digits = bytes[index..<min(index + 2, bytes.count)]
      guard digits.count == 2,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      else { return .text(UInt8(ascii: "?")) }
      index += 2
      return .byte(value)
    }
    let start = index
    // A word has up to 32 letters.
    while index < bytes.count, index - start < 32, Self.isLetter(bytes[index]) { index += 1 }
    let word = String(decoding: bytes[start..<index], as: UTF8.self)
    let number = self.number()
    // A space behind it belongs to it.
    if index < bytes.count, bytes[index] == 32 { index += 1 }
    return .word(word, number)
  }

  private mutating func number() -> Int? {
    let start = index
    var end = index
    if end < bytes.count, bytes[end] == UInt8(ascii: "-") { end += 1 }
    let digits = end
    while end < bytes.count, end - digits < 10, (48...57).contains(bytes[end]) { end += 1 }
    guard end > digits else { return nil }
    index = end
    return Int(String(decoding: bytes[start..<end], as: UTF8.self))
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20)
  }
}
