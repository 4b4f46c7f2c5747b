import Documents

/// Tokens of RTF to blocks.
struct RTFParser {
  /// What holds within a group.
  private struct State {
    var destination = Destination.text
    /// Bytes that stand for a Unicode letter in programs that know none.
    var fallback = 1
    var codePage: String
    var isHidden = false
    var isDeleted = false
  }

  private enum Destination: Equatable {
    case text
    case skipped
    case fonts
    case styles
    /// A part twice: for programs that know no Unicode, and for others.
    case twice
    case note
  }

  private let context: ExtractionContext
  private var state = State(codePage: "WINDOWS-1252")
  private var groups: [State] = []
  private var fonts: [Int: String] = [:]
  private var headings: [Int: Int] = [:]
  private var defaultPage = "WINDOWS-1252"
  private var bytes: [UInt8] = []
  private var toSkip = 0
  private var isIgnorable = false
  private var font: Int?
  private var style: Int?
  private var styleName = ""
  private var highSurrogate: Int?

  private var text = RTFBlocks()
  /// Remarks of readers, which are none of the text.
  private(set) var comments = 0
  private var page = 1

  init(_ context: ExtractionContext) { self.context = context }

  var isOpen: Bool { !groups.isEmpty }

  mutating func take(_ token: RTFTokens.Token) throws {
    if case .byte(let byte) = token { return add(byte) }
    if case .text(let byte) = token { return add(byte) }
    flush()
    switch token {
    case .open:
      groups.append(state)
      try context.check(depth: groups.count)
      toSkip = 0
    case .close: close()
    case .sign(let sign): take(sign: sign)
    case .word(let word, let number):
      take(word, number)
      isIgnorable = false
    default: break
    }
  }

  private mutating func close() {
    if state.destination == .fonts || state.destination == .styles { font = nil }
    let wasNote = text.noteDepth == groups.count
    guard let outer = groups.popLast() else { return }
    state = outer
    toSkip = 0
    isIgnorable = false
    if wasNote { text.endNote() }
  }

  private mutating func add(_ byte: UInt8) {
    isIgnorable = false
    if toSkip > 0 {
      toSkip -= 1
      return
    }
    if state.destination == .styles { return add(toStyle: byte) }
    guard isShown else { return }
    bytes.append(byte)
  }

  private var isShown: Bool {
    (state.destination == .text || state.destination == .note) && !state.isHidden
      && !state.isDeleted
  }

  /// Letters wait until their bytes are complete, as some have two.
  private mutating func flush() {
    guard !bytes.isEmpty else { return }
    defer { bytes = [] }
    if bytes.allSatisfy({ $0 < 0x80 }) {
      return text.inline.append(String(decoding: bytes, as: UTF8.self))
    }
    if case .success(let letters) = Iconv.text(bytes, from: state.codePage) {
      return text.inline.append(letters)
    }
    // What is in no code page of its own is in the commonest.
    for byte in bytes { text.inline.append(Self.commonest[Int(byte)]) }
  }

  /// What each byte is in Windows' code page 1252.
  private static let commonest: [String] = (0...255).map { byte in
    let text = Iconv.text([UInt8(byte)], from: "WINDOWS-1252")
    return (try? text.get()) ?? "\u{FFFD}"
  }

  private mutating func take(sign: UInt8) {
    switch sign {
    case UInt8(ascii: "*"): isIgnorable = true
    case UInt8(ascii: "~"): write(" ")
    case UInt8(ascii: "_"): write("-")
    case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "\\"):
      write(String(decoding: [sign], as: UTF8.self))
    case 10, 13: text.endParagraph()
    default: break
    }
  }

  private mutating func write(_ letters: String) {
    if toSkip > 0 {
      toSkip -= 1
      return
    }
    if isShown { text.inline.append(letters) }
  }

  private mutating func take(_ word: String, _ number: Int?) {
    if isDestination(word) { return }
    if state.destination == .fonts || state.destination == .styles {
      return define(word, number)
    }
    if characters(word, number) || properties(word, number) { return }
    guard isShown else { return }
    switch word {
    case "par", "sect": text.endParagraph()
    case "page":
      page += 1
      text.inline.mark(Place.Kind.page, "\(page)")
    case "line": text.inline.lineBreak()
    case "tab": text.inline.tab()
    case "cell": text.endCell()
    case "row": text.endRow()
    case "nestcell": text.inline.append(" ")
    case "chftn": break
    default: if let sign = RTFWords.signs[word] { write(sign) }
    }
  }

  // MARK: Destinations

  private mutating func isDestination(_ word: String) -> Bool {
    if state.destination == .skipped { return true }
    if state.destination == .twice, word == "ud" {
      state.destination = .text
      return true
    }
    switch word {
    case "fonttbl": state.destination = .fonts
    case "stylesheet": state.destination = .styles
    case "upr": state.destination = .twice
    case "footnote": beginNote()
    default:
      guard RTFWords.skipped.contains(word) || isIgnorable && !RTFWords.known.contains(word) else {
        return false
      }
      if word == "annotation" { comments += 1 }
      state.destination = .skipped
    }
    return true
  }

  private mutating func beginNote() {
    guard isShown else { return }
    text.beginNote(depth: groups.count)
    state.destination = .note
  }

  /// Code pages of fonts, and names of styles.
  private mutating func define(_ word: String, _ number: Int?) {
    switch (state.destination, word) {
    case (.fonts, "f"): font = number
    case (.fonts, "fcharset"):
      if let font, let number, let page = RTFWords.charsets[number] { fonts[font] = page }
    case (.styles, "s"):
      style = number
      styleName = ""
    default: break
    }
  }

  private mutating func add(toStyle byte: UInt8) {
    if byte == UInt8(ascii: ";") {
      let name = styleName.lowercased()
      if let style, name.hasPrefix("heading "), let level = Int(name.dropFirst(8)) {
        headings[style] = min(max(level, 1), 9)
      }
      styleName = ""
      style = nil
    } else if styleName.utf8.count < 40 {
      styleName += String(decoding: [byte], as: UTF8.self)
    }
  }

  // MARK: Letters and properties

  private mutating func characters(_ word: String, _ number: Int?) -> Bool {
    switch word {
    case "u":
      unicode(number ?? 0x3F)
      toSkip = state.fallback
    case "uc": state.fallback = min(max(number ?? 1, 0), 8)
    case "ansicpg":
      if let number, Iconv.knows("CP\(number)") {
        defaultPage = "CP\(number)"
        state.codePage = defaultPage
      }
    case "mac": state.codePage = "MACINTOSH"
    case "pc": state.codePage = "IBM437"
    case "pca": state.codePage = "IBM850"
    case "f": state.codePage = number.flatMap { fonts[$0] } ?? defaultPage
    default: return false
    }
    return true
  }

  /// A number below zero is one of a letter beyond 32767; two are a pair for one letter.
  private mutating func unicode(_ number: Int) {
    let code = number < 0 ? number + 0x10000 : number
    if (0xD800...0xDBFF).contains(code) {
      highSurrogate = code
      return
    }
    var value = code
    if (0xDC00...0xDFFF).contains(code) {
      guard let high = highSurrogate else { return }
      value = 0x10000 + (high - 0xD800) << 10 + (code - 0xDC00)
    }
    highSurrogate = nil
    let scalar = UInt32(exactly: value).flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}"
    if isShown { text.inline.append(String(Character(scalar))) }
  }

  private mutating func properties(_ word: String, _ number: Int?) -> Bool {
    let isOn = number != 0
    switch word {
    case "v": state.isHidden = isOn
    case "deleted": state.isDeleted = isOn
    case "plain":
      state.isHidden = false
      state.isDeleted = false
      state.codePage = defaultPage
    case "pard":
      text.level = nil
      text.isCell = false
    case "intbl": text.isCell = true
    case "s": text.level = number.flatMap { headings[$0] }
    case "outlinelevel":
      if let number, (0..<9).contains(number) { text.level = number + 1 }
    default: return false
    }
    return true
  }

  var notes: [String: [Block]] { text.notes }

  mutating func finish() -> [Block] {
    flush()
    return text.finish()
  }
}
