import Results
import Retrieval
import Schemas

/// Finds where the values of an extraction stand in the text.
struct FieldEvidence {
  /// Places of a value that are looked at.
  private static let mostPlaces = 1000
  /// Of a value's content words, the share that one sentence must hold where the value as a whole
  /// does not stand in the text.
  private static let leastShare = 0.75

  private let text: QuotableText
  /// Of each unit: how well it matches what is wanted.
  private let scores: [Double]
  private let small: [UInt8]

  init(_ text: QuotableText, _ scores: [Double]) {
    self.text = text
    self.scores = scores
    small = text.bytes.map(Self.lowered)
  }

  /// Of each leaf, in the order of the text.
  /// - Parameter units: that values are looked for in; nil: all of the text's.
  func fields(of value: JSONTree, in units: Range<Int>? = nil) -> [ExtractedField] {
    let units = units ?? text.units.ranges.indices
    var found: [ExtractedField] = []
    func look(_ value: JSONTree, _ place: JSONPointer) {
      switch value {
      case .object(let members):
        for member in members { look(member.value, place.appending(member.name)) }
      case .array(let elements):
        for (index, element) in elements.enumerated() { look(element, place.appending(index)) }
      default:
        let quote = quote(of: value, in: units)
        found.append(
          ExtractedField(pointer: place.description, supported: quote != nil, quote: quote))
      }
    }
    look(value, JSONPointer())
    return found
  }

  private func quote(of value: JSONTree, in units: Range<Int>) -> Quote? {
    switch value {
    case .string(let words): verbatim(words, units) ?? said(words, units)
    case .number(let digits): verbatim(digits, units) ?? verbatim(Self.grouped(digits), units)
    default: nil
    }
  }

  /// Where the value stands as it is, whatever its letters' case and its spaces: of several places,
  /// the one that matches best what was wanted.
  private func verbatim(_ value: String, _ units: Range<Int>) -> Quote? {
    let wanted = value.split(whereSeparator: \.isWhitespace).map { $0.utf8.map(Self.lowered) }
    guard let first = wanted.first, let last = units.last else { return nil }
    let isWord = !Words.stems(of: value).allSatisfy(Words.stop.contains)
    guard isWord || value.contains(where: \.isNumber) else { return nil }
    let ranges = text.units.ranges
    let within = Int(ranges[units.lowerBound].lowerBound)..<Int(ranges[last].upperBound)
    var best: (unit: Int, range: Range<Int>, score: Double)?
    var from = within.lowerBound
    for _ in 0..<Self.mostPlaces {
      guard let found = find(first, wanted, from), found.upperBound <= within.upperBound else {
        break
      }
      from = found.lowerBound + 1
      let unit = text.unit(at: found.lowerBound)
      let score = scores[unit]
      if best.map({ score > $0.score }) ?? true { best = (unit, found, score) }
    }
    return best.map { quote($0.unit, marks: [text.scalarRange(ofBytes: $0.range)]) }
  }

  private func quote(_ unit: Int, marks: [Range<Int>]) -> Quote {
    Quote(text.excerpt(ofUnit: unit), min(max(scores[unit], 0), 1), marks: marks)
  }

  /// The sentence that says it in about these words: the one that has most of them.
  private func said(_ value: String, _ units: Range<Int>) -> Quote? {
    let words = Set(Words.stems(of: value)).subtracting(Words.stop)
    guard words.count > 1 else { return nil }
    var best: (unit: Int, share: Double)?
    for unit in units {
      let there = Set(Words.stems(of: text.line(ofUnit: unit)))
      let share = Double(words.intersection(there).count) / Double(words.count)
      if share >= Self.leastShare, share > best?.share ?? 0 { best = (unit, share) }
    }
    return best.map { quote($0.unit, marks: text.marks(of: words, inUnit: $0.unit)) }
  }

  /// The next place where the words stand, with any space between them, and no letter or digit
  /// beside them.
  private func find(_ first: [UInt8], _ words: [[UInt8]], _ from: Int) -> Range<Int>? {
    var start = from
    while let place = small.firstPlace(of: first, from: start) {
      start = place + 1
      if isJoined(place - 1, place) { continue }
      var end = place + first.count
      var isThere = true
      for word in words.dropFirst() {
        let gap = end
        while end < small.count, Self.isSpace(small[end]) { end += 1 }
        guard end > gap, small[end...].starts(with: word) else {
          isThere = false
          break
        }
        end += word.count
      }
      if isThere, !isJoined(end - 1, end) { return place..<end }
    }
    return nil
  }

  /// True where a word or a number goes on from one byte to the next, as 12.50 does.
  private func isJoined(_ one: Int, _ next: Int) -> Bool {
    guard one >= 0, next < small.count else { return false }
    if Self.isPart(small[one]), Self.isPart(small[next]) { return true }
    func isDigit(_ place: Int) -> Bool {
      small.indices.contains(place) && (48...57).contains(small[place])
    }
    func isPoint(_ place: Int) -> Bool { small[place] == 44 || small[place] == 46 }
    return isDigit(one) && isPoint(next) && isDigit(next + 1)
      || isDigit(one - 1) && isPoint(one) && isDigit(next)
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    (65...90).contains(byte) ? byte | 32 : byte
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  /// Of a word or a number.
  private static func isPart(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte) || byte >= 128
  }

  /// `1234567.50` as `1,234,567.50`.
  private static func grouped(_ number: String) -> String {
    let whole = number.prefix { $0.isNumber }
    var text = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text + number.dropFirst(whole.count)
  }
}

extension [UInt8] {
  fileprivate func firstPlace(of wanted: [UInt8], from start: Int) -> Int? {
    guard let first = wanted.first, count >= wanted.count else { return nil }
    var place = start
    while place <= count - wanted.count {
      if self[place] == first, self[place...].starts(with: wanted) { return place }
      place += 1
    }
    return nil
  }
}
