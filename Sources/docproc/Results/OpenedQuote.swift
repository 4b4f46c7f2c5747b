import Foundation
import Rendering
import Results

/// A quote in its place: the lines of the document around it.
struct OpenedQuote {
  /// Of the text before and behind it, in scalars.
  private static let around = 1200

  private let quote: Quote
  private let scalars: [Unicode.Scalar]

  init(_ quote: Quote, document: String) {
    self.quote = quote
    scalars = Array(document.unicodeScalars)
  }

  func text(_ style: TextStyle) -> String {
    let start = min(max(quote.start, 0), scalars.count)
    let end = min(max(quote.end, start), scalars.count)
    let before = string(lineStart(max(0, start - Self.around), upTo: start)..<start)
    let after = string(end..<lineEnd(min(scalars.count, end + Self.around), from: end))
    let place = quote.place
    let words = string(start..<end).components(separatedBy: "\n").map(style.bold)
    return (place.isEmpty ? "" : style.dim(place) + "\n\n")
      + before + words.joined(separator: "\n") + after
  }

  private func string(_ range: Range<Int>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[range])
    return ForeignText.cleanLines(String(view))
  }

  /// Just behind the first line's end, so that the stretch begins with a whole line.
  private func lineStart(_ place: Int, upTo limit: Int) -> Int {
    guard place > 0, let end = scalars[place..<limit].firstIndex(of: "\n") else { return place }
    return end + 1
  }

  private func lineEnd(_ place: Int, from start: Int) -> Int {
    guard place < scalars.count, let end = scalars[start..<place].lastIndex(of: "\n") else {
      return place
    }
    return end
  }
}
