import Foundation

/// Units that are about a copy of a text and not of it: what Project Gutenberg puts before and
/// behind its books, told by the lines that it marks a book's beginning and end with.
enum Boilerplate {
  private static let beginnings = ["*** START OF TH", "***START OF TH"]
  private static let ends = ["*** END OF TH", "***END OF TH"]
  private static let publisher = Data("PROJECT GUTENBERG".utf8)
  private static let words = Set(
    Words.stems(
      of:
        "gutenberg license licence licensed copyright copyrighted trademark ebook donation donate "
        + "distribute distribution royalty permission publisher"))

  /// True for a question that boilerplate may answer.
  static func isAsked(by question: Question) -> Bool {
    question.forms.contains { words.contains($0.stem) }
  }

  /// - Parameters:
  ///   - ranges: of the units, in UTF-8 offsets.
  ///   - part: of one file.
  static func units(_ bytes: [UInt8], _ ranges: [Range<Int32>], part: Range<Int>) -> IndexSet {
    let text = Data(bytes[part])
    let begin = line(beginnings, in: text).map { part.lowerBound + $0.upperBound }
    let end = line(ends, in: text).map { part.lowerBound + $0.lowerBound }
    guard begin != nil || end != nil else { return IndexSet() }
    return IndexSet(
      ranges.indices.filter { unit in
        let range = ranges[unit]
        guard part.contains(Int(range.lowerBound)) else { return false }
        return begin.map { Int(range.lowerBound) < $0 } ?? false
          || end.map { Int(range.upperBound) > $0 } ?? false
      })
  }

  /// The first line that begins so and names the publisher.
  private static func line(_ marks: [String], in text: Data) -> Range<Int>? {
    for mark in marks {
      var from = text.startIndex
      while let found = text.range(of: Data(mark.utf8), in: from..<text.endIndex) {
        let rest = text[found.lowerBound...]
        let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
        let line = text[found.lowerBound..<end]
        if line.range(of: publisher) != nil {
          return found.lowerBound - text.startIndex..<end - text.startIndex
        }
        from = found.upperBound
      }
    }
    return nil
  }
}
