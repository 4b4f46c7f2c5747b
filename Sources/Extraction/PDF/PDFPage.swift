/// A stretch of a page, in points from its upper left corner.
struct PDFBox: Equatable {
  var left: Double
  var top: Double
  var right: Double
  var bottom: Double

  var width: Double { right - left }
  var height: Double { bottom - top }

  mutating func join(_ other: PDFBox) {
    left = min(left, other.left)
    top = min(top, other.top)
    right = max(right, other.right)
    bottom = max(bottom, other.bottom)
  }
}

/// Words beside each other.
struct PDFLine: Equatable {
  struct Word: Equatable {
    let text: String
    let box: PDFBox
  }

  var words: [Word] = []
  var box: PDFBox

  init?(_ words: [Word]) {
    guard let first = words.first else { return nil }
    self.words = words
    box = first.box
    for word in words.dropFirst() { box.join(word.box) }
  }

  /// The height of most of its words: an index above the line is smaller.
  var height: Double {
    let heights = words.map(\.box.height).sorted()
    return heights[heights.count / 2]
  }

  /// Letters that stand on each other, as in a margin.
  var isUpright: Bool { box.height > 3 * box.width && words.contains { $0.text.count > 1 } }

  /// From where on a space is one between cells, in heights of the line.
  static let apart = 2.5

  /// Its pieces between spaces of so many points.
  func cut(atLeast least: Double) -> [PDFLine] {
    var pieces: [[Word]] = [[words[0]]]
    for (before, word) in zip(words, words.dropFirst()) {
      if word.box.left - before.box.right >= least {
        pieces.append([word])
      } else {
        pieces[pieces.count - 1].append(word)
      }
    }
    return pieces.compactMap { PDFLine($0) }
  }

  /// Its words with spaces, and tabs where cells of a table are apart.
  var text: String {
    var text = words[0].text
    for (before, word) in zip(words, words.dropFirst()) {
      let isApart = word.box.left - before.box.right > Self.apart * height
      text += (isApart ? "\t" : " ") + word.text
    }
    return text
  }
}

/// What stands on a page.
struct PDFPage {
  /// From 1, as a viewer counts.
  let number: Int
  let width: Double
  let height: Double
  var lines: [PDFLine] = []
}

/// Pages from what `pdftotext -bbox-layout` prints: XHTML with a box for each word.
final class PDFPages: MarkupHandler {
  private(set) var pages: [PDFPage] = []
  private var words: [PDFLine.Word] = []
  private var box: PDFBox?
  private var text = ""
  private let onPage: (Int) -> Void

  init(onPage: @escaping (Int) -> Void) { self.onPage = onPage }

  func start(_ name: String, _ attributes: MarkupAttributes) {
    switch name {
    case "page":
      pages.append(
        PDFPage(
          number: pages.count + 1, width: Self.number(attributes["width"]),
          height: Self.number(attributes["height"])))
      onPage(pages.count)
    case "line": words = []
    case "word":
      text = ""
      box = PDFBox(
        left: Self.number(attributes["xMin"]), top: Self.number(attributes["yMin"]),
        right: Self.number(attributes["xMax"]), bottom: Self.number(attributes["yMax"]))
    default: break
    }
  }

  func end(_ name: String) {
    switch name {
    case "word":
      let letters = text.filter { !$0.isWhitespace }
      if let box, !letters.isEmpty { words.append(PDFLine.Word(text: letters, box: box)) }
      box = nil
    case "line":
      guard let line = PDFLine(words), !pages.isEmpty else { return }
      pages[pages.count - 1].lines.append(line)
      words = []
    default: break
    }
  }

  func text(_ text: String) { if box != nil { self.text += text } }

  /// A foreign number: what is none, or endless, is 0.
  private static func number(_ text: String?) -> Double {
    guard let value = text.flatMap(Double.init), value.isFinite, abs(value) < 1e6 else { return 0 }
    return value
  }
}
