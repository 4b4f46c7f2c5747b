import Documents
import Foundation

/// Where a text's author begins a chapter or a file.
extension QuotableText {
  private static let longestHeading = 90
  /// What a chapter's first line begins with, before its number.
  private static let kinds: Set<Substring> = [
    "chapter", "book", "part", "letter", "act", "scene", "canto", "stave", "section", "volume",
  ]
  /// What needs no number.
  private static let alone: Set<Substring> = [
    "prologue", "epilogue", "preface", "introduction", "conclusion", "appendix", "foreword",
  ]
  private static let numberWords: Set<Substring> = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "the",
  ]

  /// The heading of a chapter, or the path of a file, that begins with a unit.
  func title(beginningAt unit: Int) -> String? {
    if document.isDirectory { return units.beginsPart(unit) ? path(ofUnit: unit) : nil }
    if let title = placeTitle(ofUnit: unit) { return title }
    guard !units.isCode, beginsParagraph(unit) else { return nil }
    let lines = firstLines(ofParagraphAt: unit)
    guard let first = lines.first, Self.isHeading(first) else { return nil }
    // The number alone names little: a short line after it is the chapter's name.
    let name = lines.dropFirst().first.flatMap { Self.isName($0) ? $0 : nil }
    let words = first.split(separator: " ").count
    let whole = words <= 2 ? [first, name].compactMap(\.self).joined(separator: " ") : first
    return whole.trimmingCharacters(in: Self.marks)
  }

  /// Of text that was taken out of a book, the heading that its file says is one.
  private func placeTitle(ofUnit unit: Int) -> String? {
    let range = scalarRange(ofUnit: unit)
    guard let part = document.part(at: range.lowerBound), let places = part.places else {
      return nil
    }
    let start = range.lowerBound - part.start
    return places.starting(in: start..<start + range.count).first { $0.kind != Place.Kind.page }?
      .label
  }

  private static let marks = CharacterSet(charactersIn: "#*_= \t\r")

  /// Whether a blank line stands before the unit, or nothing.
  func beginsParagraph(_ unit: Int) -> Bool {
    guard unit > 0, !units.beginsPart(unit) else { return true }
    let between = Int(units.ranges[unit - 1].upperBound)..<Int(units.ranges[unit].lowerBound)
    return bytes[between].count { $0 == 10 } > 1
  }

  /// The first two lines that are not blank, if they are short.
  private func firstLines(ofParagraphAt unit: Int) -> [String] {
    let start = Int(units.ranges[unit].lowerBound)
    let shown = bytes[start..<min(bytes.count, start + 3 * Self.longestHeading)]
    let lines = shown.split(separator: 10, omittingEmptySubsequences: true).prefix(2)
    return lines.map {
      String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespaces)
    }.filter { !$0.isEmpty }
  }

  static func isHeading(_ line: String) -> Bool {
    guard line.utf8.count <= longestHeading else { return false }
    let isMarked = line.hasPrefix("# ") || line.hasPrefix("## ")
    if isMarked { return true }
    let words = line.lowercased().split { !$0.isLetter && !$0.isNumber }
    guard let first = words.first else { return false }
    if alone.contains(first) { return words.count <= 6 && !line.hasSuffix(".") }
    return kinds.contains(first) && words.count > 1 && isNumber(words[1]) && !line.hasSuffix(",")
  }

  private static func isNumber(_ word: Substring) -> Bool {
    word.allSatisfy(\.isNumber) || word.allSatisfy { "ivxlcdm".contains($0) }
      || numberWords.contains(word)
  }

  private static func isName(_ line: String) -> Bool {
    line.utf8.count <= 60 && !isHeading(line)
      && line.last.map { !".,;:!?'\"”".contains($0) } == true
  }
}
