import Retrieval

/// Which sentences that a model wrote a text bears out: a small model adds what it has not read.
///
/// A sentence is borne out by a place of the text: a few sentences in a row that have nearly all of
/// its content words, in its order (the precision of ROUGE-L, Lin 2004, over content words). Words
/// that stand far apart say nothing together, and in another order something else. A short sentence
/// needs one sentence that has all of its words: a few are found in order nearly anywhere. Names
/// and numbers must be the text's.
struct SentenceSupport {
  /// Units of the text that say together what one sentence says.
  private static let stretch = 3
  /// A sentence with fewer content words says nothing that could be looked up.
  private static let fewestWords = 3
  /// A sentence with fewer content words is short.
  private static let manyWords = 8
  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
  private static let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")

  let text: QuotableText
  let units: Range<Int>
  /// Known without the text: the question that the summary is about.
  var given = ""
  var tuning = AnswerTuning.chosen

  /// The sentences of what was written that the text bears out, in their order. All may go.
  func borneOut(_ written: String) -> [String] {
    Sentences.split(written).filter { place(of: $0) != nil }
  }

  /// The first unit of the place that bears a sentence out; nil where none does.
  func place(of sentence: String) -> Int? {
    let words = Wanted(sentence)
    let known = words.found(in: Array(given.utf8)[...]).reduce(0, |)
    // What was asked about is no invention, and says nothing of the text either.
    let wanted = words.order.filter { $0 & known == 0 }
    guard wanted.count >= Self.fewestWords else { return nil }
    let isShort = wanted.count < Self.manyWords
    let least = (isShort ? 1 : tuning.borneOut) * Double(wanted.count)
    let stretch = isShort ? 1 : Self.stretch
    let found = units.map { words.found(in: text.bytes(ofUnit: $0)) }
    let all = found.joined().reduce(known, |)
    guard all & words.names == words.names else { return nil }
    var best: (unit: Int, length: Int)?
    for first in found.indices {
      let place = Array(found[first..<min(first + stretch, found.count)].joined())
      let mask = place.reduce(known, |)
      guard mask & words.numbers == words.numbers,
        Double(min(place.count, wanted.count)) >= least
      else { continue }
      let length = Self.longestCommonSubsequence(wanted, place)
      if Double(length) >= least, length >= best?.length ?? 0 {
        best = (units.lowerBound + first, length)
      }
    }

    return best?.unit
  }

  /// How many of the wanted words stand in a place in their order.
  private static func longestCommonSubsequence(_ wanted: [UInt64], _ place: [UInt64]) -> Int {
    var lengths = [Int](repeating: 0, count: wanted.count + 1)
    for word in place {
      var before = 0  // the length without this word, for one wanted word less
      for (index, bit) in wanted.enumerated() {
        let above = lengths[index + 1]
        lengths[index + 1] = bit & word != 0 ? before + 1 : max(above, lengths[index])
        before = above
      }
    }

    return lengths[wanted.count]
  }

  /// A sentence's content words, each a bit.
  private struct Wanted {
    private var bits: [UInt64: UInt64] = [:]
    private var likeBits: [UInt64: UInt64] = [:]
    /// The bit of each word, in the sentence's order.
    private(set) var order: [UInt64] = []
    /// Words that begin with a capital within the sentence.
    private(set) var names: UInt64 = 0
    private(set) var numbers: UInt64 = 0

    init(_ sentence: String) {
      let bytes = Array(sentence.utf8)
      var isFirst = true
      Words.forEach(in: bytes[...]) { form in
        guard form.isWhole else { return }
        if !Words.stop.contains(form.stem) { add(form, bytes[form.range], isFirst: isFirst) }
        isFirst = false
      }
    }

    private mutating func add(_ form: Words.Form, _ word: ArraySlice<UInt8>, isFirst: Bool) {
      let bit = bits[form.stem] ?? UInt64(1) << (bits.count % UInt64.bitWidth)
      order.append(bit)
      bits[form.stem] = bit
      if let likeness = form.likeness { likeBits[likeness, default: 0] |= bit }
      if word.contains(where: SentenceSupport.digits.contains) { numbers |= bit }
      if !isFirst, let first = word.first, SentenceSupport.capitals.contains(first) {
        names |= bit
      }
    }

    /// The bits of the words of a text that are wanted, in the same or in a like form, in its order.
    func found(in bytes: ArraySlice<UInt8>) -> [UInt64] {
      var found: [UInt64] = []
      Words.forEach(in: bytes) { form in
        let mask = (bits[form.stem] ?? 0) | (form.likeness.flatMap { likeBits[$0] } ?? 0)
        if mask != 0 { found.append(mask) }
      }
      return found
    }
  }
}
