/// The words of one block as they come: white space is one space, unless it is said to stay.
struct InlineText {
  private(set) var scalars = String.UnicodeScalarView()
  private(set) var count = 0
  private(set) var marks: [Block.Mark] = []
  private var isSpacePending = false
  private var isAfterReturn = false

  var isEmpty: Bool { count == 0 }

  /// - Parameter verbatim: true for white space that stays.
  mutating func append(_ text: String, verbatim: Bool = false) {
    for scalar in text.unicodeScalars {
      // A line's end of two signs is one.
      defer { isAfterReturn = scalar == "\r" }
      if scalar == "\n", isAfterReturn { continue }
      switch scalar {
      // Where a word may be broken is nothing of the word.
      case "\u{AD}", "\u{200B}", "\u{FEFF}": continue
      case " ", "\t", "\n", "\r", "\u{0C}", "\u{A0}", "\u{85}":
        if verbatim {
          // A block does not begin with a line's end.
          if count == 0, scalar == "\n" || scalar == "\r" { continue }
          add(scalar == "\r" || scalar == "\u{0C}" ? "\n" : scalar == "\u{A0}" ? " " : scalar)
        } else {
          isSpacePending = true
        }
      default:
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        flushSpace()
        add(isControl ? "\u{FFFD}" : scalar)
      }
    }
  }

  /// A line's end within the block.
  mutating func lineBreak() {
    isSpacePending = false
    if count > 0 { add("\n") }
  }

  mutating func tab() {
    isSpacePending = false
    if count > 0 { add("\t") }
  }

  mutating func mark(_ kind: String, _ label: String) {
    flushSpace()
    marks.append(Block.Mark(kind: kind, label: label, offset: count))
  }

  private mutating func flushSpace() {
    if isSpacePending, count > 0, scalars.last.map({ $0 != "\n" && $0 != "\t" }) ?? false {
      add(" ")
    }
    isSpacePending = false
  }

  private mutating func add(_ scalar: Unicode.Scalar) {
    scalars.append(scalar)
    count += 1
  }

  /// What was collected, without white space at its end.
  func text() -> String {
    var end = scalars.endIndex
    while end > scalars.startIndex {
      let before = scalars.index(before: end)
      guard scalars[before].properties.isWhitespace else { break }
      end = before
    }
    return String(scalars[..<end])
  }
}
