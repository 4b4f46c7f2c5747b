import Foundation
import Rendering
import Results

/// A quote as a terminal shows it: its place, then its words; code with its own lines. The answer's
/// words stand out.
struct QuoteText {
  private static let mostLines = 12
  private static let indent = "    "

  /// Around a word that stands out, while lines are made; no cleaned text has them.
  private static let begin: Character = "\u{1}"
  private static let end: Character = "\u{2}"

  private let quote: Quote
  private let style: TextStyle

  init(_ quote: Quote, _ style: TextStyle = .plain) {
    self.quote = quote
    self.style = style
  }

  func lines(columns: Int) -> [String] {
    let isCode = quote.line != nil
    let text = marked
    let words =
      isCode
      ? Self.code(text)
      : Terminal.wrapped(text, columns: max(20, columns) - Self.indent.count, width: Self.width)
    let header = quote.header.map { [Self.indent + ForeignText.clean($0)] } ?? []
    let place = quote.place
    return (place.isEmpty ? [] : ["  " + style.dim(place)]) + header.map(style.dim)
      + words.map { Self.indent + styled($0) }
  }

  /// The cleaned text with signs around the answer's words, each by itself: lines end between them.
  private var marked: String {
    let scalars = Array(ForeignText.cleanLines(quote.quote).unicodeScalars)
    var result = String.UnicodeScalarView()
    var isOpen = false
    func turn(_ open: Bool) {
      if open != isOpen {
        result.append(contentsOf: String(open ? Self.begin : Self.end).unicodeScalars)
      }
      isOpen = open
    }
    let marks = quote.marks ?? []
    for (index, scalar) in scalars.enumerated() {
      let place = quote.start + index
      let isMarked = marks.contains { $0.start <= place && place < $0.end }
      turn(isMarked && !scalar.properties.isWhitespace)
      result.append(scalar)
    }
    turn(false)
    return String(result)
  }

  private func styled(_ line: String) -> String {
    var result = ""
    for piece in line.split(separator: Self.begin, omittingEmptySubsequences: false).enumerated() {
      let halves = piece.element.split(
        separator: Self.end, maxSplits: 1, omittingEmptySubsequences: false)
      guard piece.offset > 0, halves.count == 2 else {
        result += piece.element
        continue
      }
      result += style.bold(String(halves[0])) + halves[1]
    }
    return result
  }

  private static func width(_ word: String) -> Int {
    word.count { $0 != begin && $0 != end }
  }

  /// As it stands there, without what all lines are indented by.
  private static func code(_ text: String) -> [String] {
    let lines = text.replacingOccurrences(of: "\t", with: "  ")
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let rest = lines.dropFirst().filter { !$0.allSatisfy(\.isWhitespace) }
    let common = rest.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    // A quote begins at its first letter: its first line has lost its indentation.
    let shown = lines.enumerated().map {
      $0 == 0 ? $1 : String($1.dropFirst(min(common, $1.count)))
    }
    guard shown.count > mostLines else { return shown }
    return shown.prefix(mostLines) + ["…"]
  }
}
