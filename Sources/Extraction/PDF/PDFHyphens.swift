/// Whether a hyphen at a line's end is the line's or the word's: by the words of the document.
struct PDFHyphens {
  private var known: Set<String> = []
  /// Whether hyphens of the kind that no keyboard has stand within words; else they are what a
  /// typesetter put at a line's end.
  private var hasSigns = false
  /// Dashes without spaces around them, and those with.
  private var closeDashes = 0
  private var openDashes = 0

  /// All words but those that a line's end may have cut.
  init(_ pages: [PDFPage]) {
    for page in pages {
      for line in page.lines {
        for (index, word) in line.words.enumerated() {
          let isCut = index == line.words.count - 1 && Self.endsInHyphen(word.text)
          if !isCut { known.insert(Self.letters(word.text)) }
          if word.text == "—" { openDashes += 1 }
          if word.text.dropFirst().dropLast().contains("—") { closeDashes += 1 }
          hasSigns = hasSigns || word.text.unicodeScalars.dropLast().contains("\u{2010}")
        }
      }
    }
  }

  static func endsInHyphen(_ text: String) -> Bool {
    guard let last = text.unicodeScalars.last, isHyphen(last) else { return false }
    return text.unicodeScalars.dropLast().last?.properties.isAlphabetic ?? false
  }

  static func isHyphen(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "-" || scalar == "\u{2010}" || scalar == "\u{AD}"
  }

  /// What stands between a line's end and the next line.
  enum Joint: Equatable {
    case space
    /// The hyphen is the word's.
    case nothing
    /// The hyphen goes.
    case word
  }

  func joint(_ before: String, _ after: String) -> Joint {
    guard Self.endsInHyphen(before) else { return dash(before, after) }
    let first = String(
      before.suffix(from: before.lastIndex(of: " ").map(before.index(after:)) ?? before.startIndex))
    let second = String(after.prefix { $0 != " " })
    guard second.unicodeScalars.first?.properties.isAlphabetic ?? false else { return .space }
    // Where a word may be broken says that it is one.
    if first.unicodeScalars.last == "\u{AD}" { return .word }
    if first.unicodeScalars.last == "\u{2010}", !hasSigns { return .word }
    if known.contains(Self.letters(first + second)) { return .nothing }
    let whole = Self.letters(String(first.unicodeScalars.dropLast()) + second)
    return known.contains(whole) || isInflected(whole) ? .word : .nothing
  }

  /// A dash ends a line or begins one: spaces are around it there if they are elsewhere.
  private func dash(_ before: String, _ after: String) -> Joint {
    let isLast = before.hasSuffix("—") && !(before.dropLast().last?.isWhitespace ?? true)
    let isFirst = after.hasPrefix("—") && !(after.dropFirst().first?.isWhitespace ?? true)
    return closeDashes > openDashes && (isLast || isFirst) ? .nothing : .space
  }

  private static let endings = ["s", "es", "d", "ed", "ing", "ly", "er", "n"]

  /// A word whose other forms are in the document.
  private func isInflected(_ word: String) -> Bool {
    for ending in Self.endings {
      if word.hasSuffix(ending), word.count > ending.count + 3,
        known.contains(String(word.dropLast(ending.count)))
      {
        return true
      }
      if known.contains(word + ending) { return true }
    }
    return false
  }

  private static func letters(_ word: String) -> String {
    let scalars = word.lowercased().unicodeScalars
    let begun = scalars.drop { !$0.properties.isAlphabetic }
    let ended = begun.reversed().drop { !$0.properties.isAlphabetic }
    return String(String.UnicodeScalarView(ended.reversed()))
  }
}
