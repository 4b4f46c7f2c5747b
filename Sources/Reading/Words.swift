/// Words of a text in the form in which they are compared: lower case, without endings.
enum Words {
  /// Calls `body` with each word's stem, by its hash, and the word itself when asked for.
  static func forEach(in bytes: ArraySlice<UInt8>, _ body: (_ stem: UInt64, _ range: Range<Int>) -> Void) {
    var start: Int?
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let width = separatorWidth(bytes, at: index)
      if width == 0 {
        if start == nil { start = index }
      } else if let begin = start {
        body(stem(bytes[begin..<index]), begin..<index)
        start = nil
      }
      index += max(width, 1)
    }
    if let begin = start { body(stem(bytes[begin...]), begin..<bytes.endIndex) }
  }

  /// Bytes of the separator that begins here, 0 within a word. Words are ASCII letters, digits
  /// and the underscore, and everything beyond ASCII but general punctuation such as quotes
  /// and dashes (U+2000 to U+206F) and that of East Asia (U+3000 to U+303F).
  private static func separatorWidth(_ bytes: ArraySlice<UInt8>, at index: Int) -> Int {
    switch bytes[index] {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"):
      return 0
    case 0..<0x80: return 1
    case 0xE2 where index + 2 < bytes.endIndex && (0x80...0x81).contains(bytes[index + 1]): return 3
    case 0xE3 where index + 2 < bytes.endIndex && bytes[index + 1] == 0x80: return 3
    default: return 0
    }
  }

  private static let endings: [[UInt8]] = ["ingly", "edly", "ings", "ing", "ies", "ied", "es", "ed", "ly", "s", "e", "y"].map {
    Array($0.utf8)
  }

  /// A hash of the word in lower case without one common English ending.
  static func stem(_ word: ArraySlice<UInt8>) -> UInt64 {
    var lower = word.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
    for ending in endings where lower.count >= ending.count + 3 && lower.suffix(ending.count).elementsEqual(ending) {
      lower.removeLast(ending.count)
      // run, running: a doubled consonant goes with the ending
      if ending.count >= 2, lower.count > 3, lower[lower.count - 1] == lower[lower.count - 2] { lower.removeLast() }
      break
    }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in lower { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
  }

  static func stems(of text: String) -> [UInt64] {
    var result: [UInt64] = []
    forEach(in: Array(text.utf8)[...]) { stem, _ in result.append(stem) }
    return result
  }

  /// Words that say nothing about what a text is about.
  static let stop: Set<UInt64> = Set(
    """
    a about above after again against all am an and any are as at be because been before being below between both but by can could did do
    does doing down during each few for from further had has have having he her here hers herself him himself his how i if in into is it
    its itself just me more most my myself no nor not now of off on once only or other our ours out over own same shall she should so some
    such than that the their theirs them then there these they this those through to too under until up upon very was we were what when
    where which while who whom whose why will with would you your yours tell said say says document text book chapter according name
    thing things one two much many may might must also yet still ever never even though
    """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map { stem(Array($0.utf8)[...]) })
}
