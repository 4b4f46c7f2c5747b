import CUchardet

/// Bytes of a text file in any encoding to text.
package struct TextDecoder {
  /// What was read, and what is to be said about it.
  package struct Decoded {
    package let text: String
    /// Where not every byte is text, or the encoding is a guess.
    package var doubt: String?
  }

  /// Fewer bytes outside of ASCII than these prove no encoding.
  private static let leastEvidence = 3
  /// Encodings whose text is ASCII with escapes: nothing else tells them.
  private static let sevenBit = ["ISO-2022-JP-2", "ISO-2022-KR", "ISO-2022-CN-EXT"]

  private let bytes: [UInt8]
  private let path: String
  private let encoding: String?

  /// - Parameter encoding: an iconv name, for text that is not told by itself; nil to detect.
  /// - Throws: `DocumentError` when the bytes are no text or cannot be decoded.
  package static func decode(_ bytes: [UInt8], path: String, encoding: String?) throws -> Decoded {
    if let encoding, !Iconv.knows(encoding) { throw DocumentError.unknownEncoding(encoding) }
    return try TextDecoder(bytes: bytes, path: path, encoding: encoding).decode()
  }

  private func decode() throws -> Decoded {
    if let (name, length) = byteOrderMark {
      let rest = Array(bytes.dropFirst(length))
      if name == "UTF-8" { return try inUTF8(rest) ?? repaired(rest) }
      return try checked(try converted(rest, from: name))
    }

    if let name = encoding?.uppercased(), name.hasPrefix("ISO-2022") || name.hasPrefix("UTF-7") {
      return try checked(try converted(bytes, from: name))
    }
    if let text = Self.escaped(bytes) { return try checked(text) }
    if let encoding, !ByteSurvey(bytes).isUTF8 || bytes.contains(0) {
      return try checked(try converted(bytes, from: encoding))
    }
    if let text = UTF16WithoutMark.text(bytes) { return try checked(text) }
    return try inUTF8(bytes) ?? detected()
  }

  private var byteOrderMark: (encoding: String, length: Int)? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return ("UTF-8", 3) }
    if bytes.starts(with: [0xFF, 0xFE, 0, 0]) { return ("UTF-32LE", 4) }
    if bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return ("UTF-32BE", 4) }

    // Two bytes prove little: the rest has to be whole units.
    guard bytes.count % 2 == 0, bytes.count > 2 else { return nil }
    if bytes.starts(with: [0xFF, 0xFE]) { return ("UTF-16LE", 2) }
    return bytes.starts(with: [0xFE, 0xFF]) ? ("UTF-16BE", 2) : nil
  }

  /// ASCII whose escapes make other letters of it.
  private static func escaped(_ bytes: [UInt8]) -> String? {
    guard bytes.contains(0x1B), !bytes.contains(where: { $0 >= 0x80 }) else { return nil }
    for name in sevenBit {
      guard case .success(let text) = Iconv.text(bytes, from: name) else { continue }
      if text.utf8.contains(where: { $0 >= 0x80 }) { return text }
    }
    return nil
  }

  private func converted(_ bytes: [UInt8], from encoding: String) throws -> String {
    switch Iconv.text(bytes, from: encoding) {
    case .success(let text): return text
    case .failure(let failure):
      throw DocumentError.invalidEncoding(path: path, byte: failure.byte, guess: nil)
    }
  }

  /// nil for bytes that are no UTF-8.
  private func inUTF8(_ bytes: [UInt8]) throws -> Decoded? {
    try String(validating: bytes, as: UTF8.self).map { try checked($0) }
  }

  /// - Throws: `DocumentError.binary` for text that is mostly control characters.
  private func checked(_ text: String, doubt: String? = nil) throws -> Decoded {
    var controls = 0
    var zeros = 0
    var count = 0
    for byte in text.utf8 {
      count += 1
      if byte == 0 { zeros += 1 }
      if byte < 32, !(9...13).contains(byte), byte != 27 { controls += 1 }
    }
    guard controls * 20 <= count else { throw DocumentError.binary(path: path) }
    guard zeros > 0 else { return Decoded(text: text, doubt: doubt) }

    // A database's text holds no U+0000, and what stands around it belongs to no one word.
    let replaced = text.split(separator: "\0", omittingEmptySubsequences: false)
      .joined(separator: "\u{FFFD}")
    return Decoded(
      text: replaced, doubt: "\(zeros) NUL byte\(zeros == 1 ? "" : "s") in it replaced")
  }

  private func detected() throws -> Decoded {
    let survey = ByteSurvey(bytes)
    // Text that is mostly valid multi-byte sequences is damaged UTF-8, not another encoding.
    if survey.valid * 2 >= survey.broken, survey.valid > 0 { return try repaired(bytes) }
    let guess = survey.high >= Self.leastEvidence ? Self.detect(bytes) : nil
    if let guess, !Self.isWestern(guess), survey.high * 4 > survey.letters,
      case .success(let text) = Iconv.text(bytes, from: guess),
      !text.unicodeScalars.contains(where: { (0x7F...0x9F).contains($0.value) })
    {
      return try checked(text)
    }

    let western = guess.flatMap { Self.isWestern($0) ? $0 : nil }
    let candidates = (western.map { [$0] } ?? []) + LatinText.encodings
    if let best = LatinText.best(bytes, of: candidates) {
      let isSure = best.encoding == western
      return try checked(
        best.text,
        doubt: isSure
          ? nil : "read as \(best.encoding), which is a guess (--encoding names another)")
    }
    if survey.high * 3 > bytes.count { throw DocumentError.binary(path: path) }
    return try repaired(bytes)
  }

  /// UTF-8 with marks for what is none.
  private func repaired(_ bytes: [UInt8]) throws -> Decoded {
    let count = ByteSurvey(bytes).broken
    return try checked(
      String(decoding: bytes, as: UTF8.self),
      doubt: "damaged UTF-8: \(count) place\(count == 1 ? "" : "s") in it cannot be read")
  }

  /// One-byte encodings of alphabets that are ASCII with some letters more.
  private static func isWestern(_ encoding: String) -> Bool {
    let name = encoding.uppercased()
    let others = ["ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-11"]
    if others.contains(name) { return false }
    return name.hasPrefix("ISO-8859") || name == "VISCII" || name == "MAC-CENTRALEUROPE"
      || ["1250", "1252", "1254", "1257", "1258"].contains { name == "WINDOWS-\($0)" }
      || ["437", "850", "852", "865"].contains { name == "IBM\($0)" }
  }

  private static func detect(_ bytes: [UInt8]) -> String? {
    guard let detector = uchardet_new() else { return nil }

    defer { uchardet_delete(detector) }
    _ = bytes.withUnsafeBytes { raw in
      raw.baseAddress.map {
        uchardet_handle_data(detector, $0.assumingMemoryBound(to: CChar.self), raw.count)
      }
    }
    uchardet_data_end(detector)
    let name = String(cString: uchardet_get_charset(detector))

    return name.isEmpty || name == "ASCII" || name.hasPrefix("UTF") ? nil : name
  }
}

/// What bytes are, counted.
struct ByteSurvey {
  /// Multi-byte sequences that are UTF-8, and places where none is.
  private(set) var valid = 0
  private(set) var broken = 0
  /// Bytes beyond ASCII, and those with ASCII's letters.
  private(set) var high = 0
  private(set) var letters = 0

  init(_ bytes: [UInt8]) {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    decoding: while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): if scalar.value > 0x7F { valid += 1 }
      case .emptyInput: break decoding
      case .error: broken += 1
      }
    }
    for byte in bytes {
      let isHigh = byte >= 0x80
      high += isHigh ? 1 : 0
      letters += isHigh || (0x61...0x7A).contains(byte | 0x20) ? 1 : 0
    }
  }

  var isUTF8: Bool { broken == 0 }
}

/// UTF-16 that does not say so.
enum UTF16WithoutMark {
  /// nil where the bytes are something else. The zeros of ASCII letters and line ends stand at
  /// every other place, and nowhere else.
  static func text(_ bytes: [UInt8]) -> String? {
    guard bytes.count >= 4, bytes.count % 2 == 0 else { return nil }
    var zeros = [0, 0]
    for (index, byte) in bytes.enumerated() where byte == 0 { zeros[index % 2] += 1 }
    guard zeros.contains(0), zeros != [0, 0] else { return nil }
    // One zero in an ASCII text is a stray one; among other letters there are few.
    let controls = bytes.count { $0 < 9 }
    guard controls >= bytes.count / 8 || !ByteSurvey(bytes).isUTF8 else { return nil }
    let encoding = zeros[0] > 0 ? "UTF-16BE" : "UTF-16LE"
    guard case .success(let text) = Iconv.text(bytes, from: encoding), isText(text) else {
      return nil
    }
    return text
  }

  private static func isText(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .unassigned, .privateUse, .surrogate: false
      case .control: (9...13).contains(scalar.value)
      default: true
      }
    }
  }
}
