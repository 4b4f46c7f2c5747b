import CUtf8proc

/// What the characters of a text are to its words, by Unicode's categories.
enum Letters {
  enum Kind {
    case separator
    /// Of a script that sets words apart.
    case letter
    /// Of a script that does not, or whose words take endings without a sign: pairs of such letters
    /// stand for words.
    case unspaced
    /// Nothing to see: a soft hyphen, a joiner, a variant's sign.
    case ignored
  }

  private static let unspaced: [ClosedRange<UInt32>] = [
    0x0E00...0x0EFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1780...0x17FF, 0x3040...0x30FF,
    0x3130...0x318F, 0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7AF,
    0xF900...0xFAFF, 0xFF66...0xFF9F, 0x1B000...0x1B16F, 0x20000...0x3FFFF,
  ]

  /// The character beyond ASCII that begins here, and its bytes.
  static func character(_ bytes: ArraySlice<UInt8>, at index: Int) -> (kind: Kind, width: Int) {
    let (scalar, width) = scalar(bytes, at: index)
    guard let scalar else { return (.separator, 1) }
    switch utf8proc_category(scalar) {
    case UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LT, UTF8PROC_CATEGORY_LM,
      UTF8PROC_CATEGORY_LO, UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_MC, UTF8PROC_CATEGORY_ME,
      UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NL, UTF8PROC_CATEGORY_NO:
      let isUnspaced = unspaced.contains { $0.contains(UInt32(scalar)) }
      return (isUnspaced ? .unspaced : .letter, width)
    case UTF8PROC_CATEGORY_CF: return (.ignored, width)
    default: return (.separator, width)
    }
  }

  /// nil where no UTF-8 stands.
  static func scalar(_ bytes: ArraySlice<UInt8>, at index: Int) -> (Int32?, width: Int) {
    var scalar: Int32 = 0
    let width = bytes[index..<min(index + 4, bytes.endIndex)].withUnsafeBufferPointer {
      utf8proc_iterate($0.baseAddress, $0.count, &scalar)
    }
    return width > 0 ? (scalar, width) : (nil, 1)
  }

  /// The form in which words are compared: NFKC, without case and without what is not seen.
  static func folded(_ word: ArraySlice<UInt8>) -> [UInt8] {
    let options = [
      UTF8PROC_STABLE, UTF8PROC_COMPOSE, UTF8PROC_COMPAT, UTF8PROC_CASEFOLD, UTF8PROC_IGNORE,
    ].reduce(0) { $0 | $1.rawValue }
    var result: UnsafeMutablePointer<UInt8>?
    let count = word.withUnsafeBufferPointer {
      utf8proc_map($0.baseAddress, $0.count, &result, utf8proc_option_t(options))
    }
    guard count >= 0, let result else { return Array(word) }
    defer { free(result) }
    return Array(UnsafeBufferPointer(start: result, count: count))
  }

  /// The bytes of the first letters; nil where there are fewer.
  static func prefix(_ word: [UInt8], letters: Int) -> ArraySlice<UInt8>? {
    var count = 0
    for (index, byte) in word.enumerated() where byte & 0xC0 != 0x80 {
      if count == letters { return word[..<index] }
      count += 1
    }
    return count == letters ? word[...] : nil
  }
}
