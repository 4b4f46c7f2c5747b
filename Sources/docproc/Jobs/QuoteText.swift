import Foundation
import Results

/// A quote as a terminal shows it: its place, then its words; code with its own lines.
struct QuoteText {
  private static let mostLines = 12
  private static let indent = "    "

  private let quote: Quote

  init(_ quote: Quote) { self.quote = quote }

  func lines(columns: Int) -> [String] {
    let isCode = quote.line != nil
    let text = Terminal.cleanLines(quote.quote)
    let words =
      isCode ? Self.code(text) : Self.wrapped(text, columns: max(20, columns) - Self.indent.count)
    let header = quote.header.map { [Self.indent + Terminal.clean($0)] } ?? []
    let place = place
    return (place.isEmpty ? [] : ["  " + place]) + header + words.map { Self.indent + $0 }
  }

  /// `path:line` of code; the chapter and how far in of a book.
  private var place: String {
    if let path = quote.path {
      return Terminal.clean(path) + (quote.line.map { ":\($0)" } ?? "")
    }
    if let line = quote.line { return "line \(line)" }
    let chapter = quote.chapter.map { Terminal.clean($0) + ", " } ?? ""
    return quote.percent.map { chapter + "\($0)%" } ?? ""
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

  private static func wrapped(_ text: String, columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
      if !line.isEmpty, line.count + 1 + word.count > columns {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + [line]
  }
}
