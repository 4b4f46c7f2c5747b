/// Words of a text in the form in which they are compared: lower case, without endings.
package enum Words {
  /// A word, or a part of an identifier such as readBlock or read_block.
  package struct Form: Sendable {
    /// Hash of the word in lower case without one common English ending.
    package let stem: UInt64
    /// Hash of the stem's first letters, for words long enough that they tell something.
    package let likeness: UInt64?
    package let range: Range<Int>
    /// False for a part: the identifier itself came before it.
    package let isWhole: Bool
  }

  /// Letters of a stem that words have in common that are alike.
  private static let likeLetters = 5

  package static func forEach(in bytes: ArraySlice<UInt8>, _ body: (Form) -> Void) {
    var open = Open()
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      let (kind, width) =
        byte < 0x80
        ? (isWordByte(byte) ? .letter : .separator, 1) : Letters.character(bytes, at: index)
      open.take(kind, byte, at: index, bytes, body)
      index += width
    }

    open.close(at: bytes.endIndex, bytes, body)
  }

  /// What began and has not ended: a word, or letters of a script without spaces.
  private struct Open {
    private var word: Int?
    private var isPlain = true
    private var letters: [Int] = []

    mutating func take(
      _ kind: Letters.Kind, _ byte: UInt8, at index: Int, _ bytes: ArraySlice<UInt8>,
      _ body: (Form) -> Void
    ) {
      switch kind {
      case .ignored: if byte >= 0x80 { isPlain = false }
      case .separator: if word != nil || !letters.isEmpty { close(at: index, bytes, body) }
      case .letter:
        if !letters.isEmpty { close(at: index, bytes, body) }
        if word == nil {
          word = index
          isPlain = true
        }
        if byte >= 0x80 { isPlain = false }
      case .unspaced:
        if word != nil { close(at: index, bytes, body) }
        letters.append(index)
      }
    }

    mutating func close(at end: Int, _ bytes: ArraySlice<UInt8>, _ body: (Form) -> Void) {
      if let word {
        isPlain ? forms(of: bytes[word..<end], body) : body(folded(bytes[word..<end]))
      }
      for (number, start) in letters.enumerated() where number + 1 < letters.count {
        let last = number + 2 < letters.count ? letters[number + 2] : end
        body(folded(bytes[start..<last], isPair: true))
      }
      if letters.count == 1 { body(folded(bytes[letters[0]..<end], isPair: true)) }
      word = nil
      letters = []
      isPlain = true
    }
  }

  private static func folded(_ word: ArraySlice<UInt8>, isPair: Bool = false) -> Form {
    let folded = Letters.folded(word)
    let stem = isPair ? folded : stemmed(folded[...])
    let alike = isPair ? nil : Letters.prefix(stem, letters: likeLetters)
    return Form(
      stem: hash(stem[...]), likeness: alike.map(hash),
      range: word.startIndex..<word.endIndex, isWhole: true)
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    small.contains(byte) || capital.contains(byte) || byte == underscore
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func forms(of word: ArraySlice<UInt8>, _ body: (Form) -> Void) {
    body(form(word, isWhole: true))
    var begin = word.startIndex
    for index in word.indices.dropFirst() where isPartStart(word, index) {
      if index - begin > 1, index < word.endIndex {
        body(form(word[begin..<index], isWhole: false))
      }
      begin = word[index] == underscore ? index + 1 : index
    }

    if begin > word.startIndex, word.endIndex - begin > 1 {
      body(form(word[begin...], isWhole: false))
    }
  }

  private static let underscore = UInt8(ascii: "_")
  private static let small = UInt8(ascii: "a")...UInt8(ascii: "z")
  private static let capital = UInt8(ascii: "A")...UInt8(ascii: "Z")

  private static func isPartStart(_ word: ArraySlice<UInt8>, _ index: Int) -> Bool {
    word[index] == underscore || small.contains(word[index - 1]) && capital.contains(word[index])
  }

  private static func form(_ word: ArraySlice<UInt8>, isWhole: Bool) -> Form {
    let stem = stemmed(word)
    let tells = stem.count >= likeLetters && !(48...57).contains(stem[0])
    return Form(
      stem: hash(stem[...]), likeness: tells ? hash(stem.prefix(likeLetters)) : nil,
      range: word.startIndex..<word.endIndex,
      isWhole: isWhole)
  }

  private static let endings: [[UInt8]] = [
    "ingly", "edly", "ings", "ing", "ies", "ied", "es", "ed", "ly", "s", "e", "y",
  ].map {
    Array($0.utf8)
  }

  static func stem(_ word: ArraySlice<UInt8>) -> UInt64 { hash(stemmed(word)[...]) }

  private static func stemmed(_ word: ArraySlice<UInt8>) -> [UInt8] {
    var lower = word.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
    for ending in endings
    where lower.count >= ending.count + 3 && lower.suffix(ending.count).elementsEqual(ending) {
      lower.removeLast(ending.count)
      // run, running: a doubled consonant goes with the ending
      if ending.count >= 2, lower.count > 3, lower[lower.count - 1] == lower[lower.count - 2] {
        lower.removeLast()
      }
      break
    }

    return lower
  }

  /// FNV-1a.
  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  package static func stems(of text: String) -> [UInt64] {
    var result: [UInt64] = []
    forEach(in: Array(text.utf8)[...]) { if $0.isWhole { result.append($0.stem) } }
    return result
  }

  package static let articles = stems(of: "a an the")

  /// Words that say nothing about what a text is about.
  package static let stop: Set<UInt64> = Set(
    """
    a about above after again against all am an and any are as at be because been before being below between both but by can could did do
    does doing down during each few for from further had has have having he her here hers herself him himself his how i if in into is it
    its itself just me more most my myself no nor not now of off on once only or other our ours out over own same shall she should so some
    such than that the their theirs them then there these they this those through to too under until up upon very was we were what when
    where which while who whom whose why will with would you your yours tell said say says document text book chapter according name
    thing things one two much many may might must also yet still ever never even though s t d m ll re ve don didn doesn isn
    """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map { stem(Array($0.utf8)[...]) })
}
