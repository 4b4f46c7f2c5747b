/// A text's characters as symbols of a SentencePiece-like BPE: bytes stand for those that the
/// vocabulary lacks, and a mark for a space (arXiv 1808.06226).
struct CharacterSymbols {
  private static let mark = Array(TokenizerFile.Marks.space.utf8)

  private let marks: TokenizerFile.Marks
  private let characters: [[UInt8]: Int32]
  private let bytes: [Int32]  // [256]
  /// Stands for what neither characters nor bytes are there for; nil: it is dropped.
  private let unknown: Int32?
  /// No token has a mark behind a letter: then texts can be cut before each run of marks.
  private let cutsAtMarks: Bool

  /// - Parameter ids: of all tokens that are no control tokens, by their spelling.
  init(_ marks: TokenizerFile.Marks, ids: [[UInt8]: Int32], unknown: Int32?) {
    self.marks = marks
    characters = ids.filter { Self.isCharacter($0.key) }
    bytes = (0..<256).map { ids[Self.spelling(of: UInt8($0))] ?? BytePairMerger.noToken }
    self.unknown = unknown
    cutsAtMarks = ids.keys.allSatisfy { !Self.hasMarkInside($0) }
  }

  /// Whether a mark is put before a text.
  func marks(_ text: UnsafeBufferPointer<UInt8>, _ place: TextPlace) -> Bool {
    if marks.isOnce, text.first == UInt8(ascii: " ") || text.starts(with: Self.mark) {
      return false
    }
    switch marks.before {
    case .each: return place != .afterText
    case .first: return place == .first
    case .none: return false
    }
  }

  /// Bytes of a text that a token stands for: a mark is one in the vocabulary, and a space or a mark
  /// in the text.
  func width(
    of id: Int32, _ bytes: [UInt8], in text: UnsafeBufferPointer<UInt8>, at offset: Int
  ) -> Int {
    guard offset < text.count else { return 0 }
    if id == unknown { return Self.width(text[offset]) }
    var width = 0
    for byte in bytes {
      let rest = text[min(offset + width, text.count)...]
      let isMark = byte == UInt8(ascii: " ") && rest.starts(with: Self.mark)
      width += isMark ? Self.mark.count : 1
    }
    return width
  }

  /// `<0x0A>`
  private static func spelling(of byte: UInt8) -> [UInt8] {
    let digits = String(byte, radix: 16, uppercase: true)
    return Array("<0x\(digits.count == 1 ? "0" : "")\(digits)>".utf8)
  }

  /// The byte that a token stands for; nil for other tokens.
  static func byte(_ token: [UInt8]) -> UInt8? {
    guard token.count == 6, token.starts(with: Array("<0x".utf8)), token[5] == UInt8(ascii: ">")
    else { return nil }
    return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
  }

  /// What a token stands for in a text.
  static func text(_ token: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    var index = 0
    while index < token.count {
      let isMark = token[index...].starts(with: mark)
      text.append(isMark ? UInt8(ascii: " ") : token[index])
      index += isMark ? mark.count : 1
    }
    return text
  }

  private static func isCharacter(_ token: [UInt8]) -> Bool {
    guard let first = token.first else { return false }
    return token.count == width(first)
  }

  private static func width(_ first: UInt8) -> Int {
    first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
  }

  private static func hasMarkInside(_ token: [UInt8]) -> Bool {
    var seenOther = false
    var index = 0
    while index < token.count {
      let isMark = token[index...].starts(with: mark)
      if isMark, seenOther { return true }
      seenOther = seenOther || !isMark
      index += isMark ? mark.count : 1
    }
    return false
  }

  /// Calls `body` with the symbols of each piece within which BPE merges.
  /// - Parameter isMarked: true: a mark stands before the text.
  func forEachPiece(
    _ text: UnsafeBufferPointer<UInt8>, isMarked: Bool, _ body: ([Int32]) -> Void
  ) {
    var symbols: [Int32] = []
    var wasMark = false
    func add(_ character: [UInt8]) {
      let isMark = character == Self.mark
      if isMark, !symbols.isEmpty, marks.areApart || cutsAtMarks && !wasMark {
        body(symbols)
        symbols.removeAll(keepingCapacity: true)
      }
      wasMark = isMark
      append(character, to: &symbols)
    }
    if isMarked, !text.isEmpty { add(Self.mark) }
    var index = 0
    while index < text.count {
      let end = min(index + Self.width(text[index]), text.count)
      let isSpace = text[index] == UInt8(ascii: " ")
      add(isSpace ? Self.mark : Array(text[index..<end]))
      index = end
    }
    if !symbols.isEmpty { body(symbols) }
  }

  private func append(_ character: [UInt8], to symbols: inout [Int32]) {
    if let id = characters[character] { return symbols.append(id) }
    let spelled = character.map { bytes[Int($0)] }
    if !spelled.contains(BytePairMerger.noToken) {
      symbols += spelled
    } else if let unknown {
      symbols.append(unknown)
    }
  }
}
