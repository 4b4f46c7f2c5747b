import CUchardet
import Glibc

/// Bytes of a text file in any encoding to text.
enum TextDecoder {
  /// Fewer bytes outside of ASCII than these prove no encoding.
  private static let leastEvidence = 3

  /// - Parameter encoding: an iconv name; nil to detect.
  /// - Throws: `DocumentError` when the bytes are no text or cannot be decoded.
  static func decode(_ bytes: [UInt8], path: String, encoding: String?) throws -> String {
    if let encoding { return try convert(bytes, from: encoding, path: path) }
    if let (name, length) = byteOrderMark(bytes) {
      return try convert(Array(bytes.dropFirst(length)), from: name, path: path)
    }

    if bytes.contains(0) { throw DocumentError.binary(path: path) }

    if let text = String(validating: bytes, as: UTF8.self) {
      guard !looksBinary(text) else { throw DocumentError.binary(path: path) }
      return text
    }

    return try convertDetected(bytes, path: path)
  }

  private static func byteOrderMark(_ bytes: [UInt8]) -> (encoding: String, length: Int)? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return ("UTF-8", 3) }
    if bytes.starts(with: [0xFF, 0xFE, 0, 0]) { return ("UTF-32LE", 4) }
    if bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return ("UTF-32BE", 4) }

    // Two bytes prove little: the rest has to be whole units with ASCII among them, or none that is
    // odd.
    if bytes.starts(with: [0xFF, 0xFE]), bytes.count % 2 == 0, bytes.count > 2 {
      return ("UTF-16LE", 2)
    }

    if bytes.starts(with: [0xFE, 0xFF]), bytes.count % 2 == 0, bytes.count > 2 {
      return ("UTF-16BE", 2)
    }

    return nil
  }

  /// Text holds few control characters beside white space.
  private static func looksBinary(_ text: String) -> Bool {
    var controls = 0
    var count = 0
    for byte in text.utf8 {
      count += 1
      if byte < 32, !(9...13).contains(byte), byte != 27 { controls += 1 }
    }

    return controls * 20 > count
  }

  private static func convertDetected(_ bytes: [UInt8], path: String) throws -> String {
    let guess = detect(bytes)
    let invalid = DocumentError.invalidEncoding(
      path: path, byte: firstInvalidUTF8(bytes), guess: guess)
    let high = bytes.count { $0 >= 0x80 }
    let (valid, broken) = multibyteUTF8(bytes)
    // Text that is mostly valid multi-byte sequences is damaged UTF-8, not another encoding.
    guard let guess, high >= leastEvidence, valid * 2 < broken, !holdsRareLatin(bytes, guess),
      let text = try? convert(bytes, from: guess, path: path),
      !text.unicodeScalars.contains(where: { (0x7F...0x9F).contains($0.value) })
    else {
      if high * 3 > bytes.count, guess == nil, valid == 0 { throw DocumentError.binary(path: path) }
      throw invalid
    }
    if looksBinary(text) { throw DocumentError.binary(path: path) }

    return text
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

  private static func convert(_ bytes: [UInt8], from encoding: String, path: String) throws
    -> String
  {
    if ["UTF-8", "UTF8"].contains(encoding.uppercased()) {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw DocumentError.invalidEncoding(path: path, byte: firstInvalidUTF8(bytes), guess: nil)
      }
      guard !bytes.contains(0), !looksBinary(text) else { throw DocumentError.binary(path: path) }
      return text
    }

    guard
      let text = String(
        validating: try iconvToUTF8(bytes, from: encoding, path: path), as: UTF8.self)
    else {
      throw DocumentError.invalidEncoding(path: path, byte: firstInvalidUTF8(bytes), guess: nil)
    }
    guard !text.utf8.contains(0) else { throw DocumentError.binary(path: path) }

    return text
  }

  private static func iconvToUTF8(_ bytes: [UInt8], from encoding: String, path: String) throws
    -> [UInt8]
  {
    guard let converter = iconv_open("UTF-8", encoding), Int(bitPattern: converter) != -1 else {
      throw DocumentError.unknownEncoding(encoding)
    }

    defer { iconv_close(converter) }
    var output: [UInt8] = []
    var chunk = [CChar](repeating: 0, count: 1 << 16)
    var input = bytes.map { CChar(bitPattern: $0) }
    let left = input.withUnsafeMutableBufferPointer { source in
      var from = source.baseAddress
      var left = source.count
      var isFlushed = false
      while !isFlushed {
        let isFlushing = left == 0
        let (written, status) = convertChunk(
          converter, &from, &left, into: &chunk, flushing: isFlushing)
        output.append(contentsOf: chunk[..<written].lazy.map { UInt8(bitPattern: $0) })
        // A full chunk is no failure; without progress it is one.
        if status == -1, !(errno == E2BIG && written > 0) { break }
        isFlushed = isFlushing && status != -1
      }
      return isFlushed ? 0 : max(left, 1)
    }
    guard left == 0 else {
      throw DocumentError.invalidEncoding(path: path, byte: bytes.count - left, guess: nil)
    }

    return output
  }

  /// One call of iconv; flushing, it writes what the converter holds back.
  private static func convertChunk(
    _ converter: iconv_t, _ from: inout UnsafeMutablePointer<CChar>?, _ left: inout Int,
    into chunk: inout [CChar], flushing: Bool
  ) -> (written: Int, status: Int) {
    chunk.withUnsafeMutableBufferPointer { target in
      var to = target.baseAddress
      var room = target.count
      let status =
        flushing
        ? iconv(converter, nil, nil, &to, &room) : iconv(converter, &from, &left, &to, &room)
      return (target.count - room, status)
    }
  }

  /// The offset of the first byte that is no UTF-8.
  private static func firstInvalidUTF8(_ bytes: [UInt8]) -> Int {
    var offset = 0
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
    return offset
  }

  /// The letters þ and ÿ, which western European text hardly has and broken files often do.
  private static func holdsRareLatin(_ bytes: [UInt8], _ encoding: String) -> Bool {
    ["ISO-8859-1", "ISO-8859-15", "WINDOWS-1252"].contains(encoding)
      && (bytes.contains(0xFE) || bytes.contains(0xFF))
  }

  /// How many multi-byte sequences are valid UTF-8, and how many are not.
  private static func multibyteUTF8(_ bytes: [UInt8]) -> (valid: Int, broken: Int) {
    var valid = 0
    var broken = 0
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): if scalar.value > 0x7F { valid += 1 }
      case .emptyInput: return (valid, broken)
      case .error: broken += 1
      }
    }
  }
}
