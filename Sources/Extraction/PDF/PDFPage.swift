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

  let words: [Word]
  let box: PDFBox
  /// The height of most of its words: an index above the line is smaller.
  let height: Double

  init?(_ words: [Word]) {
    guard let first = words.first else { return nil }
    self.words = words
    var box = first.box
    for word in words.dropFirst() { box.join(word.box) }
    self.box = box
    let heights = words.map(\.box.height).sorted()
    height = heights[heights.count / 2]
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
  private let context: ExtractionContext
  /// That its text is larger than it may be.
  private(set) var failure: (any Error)?

  init(_ context: ExtractionContext) { self.context = context }

  func start(_ name: String, _ attributes: MarkupAttributes) {
    switch name {
    case "page":
      pages.append(
        PDFPage(
          number: pages.count + 1, width: Self.number(attributes["width"]),
          height: Self.number(attributes["height"])))
      if pages.count % 50 == 0 { context.progress(pages.count, of: 0, "pages") }
    case "line": words = []
    case "word":
      text = ""
      let (x, y) = (Self.number(attributes["xMin"]), Self.number(attributes["yMin"]))
      let (endX, endY) = (Self.number(attributes["xMax"]), Self.number(attributes["yMax"]))
      box = PDFBox(
        left: min(x, endX), top: min(y, endY), right: max(x, endX), bottom: max(y, endY))
    default: break
    }
  }

  func end(_ name: String) {
    switch name {
    case "word":
      let letters = Self.letters(text)
      if let box, !letters.isEmpty, failure == nil {
        do { try context.spend(letters.utf8.count) } catch { failure = error }
        words.append(PDFLine.Word(text: letters, box: box))
      }
      box = nil
    case "line":
      guard let line = PDFLine(words), !pages.isEmpty else { return }
      pages[pages.count - 1].lines.append(line)
      words = []
    default: break
    }
  }

  func text(_ text: String) { if box != nil { self.text += text } }

  /// Without spaces, and without signs that nobody sees but a hyphen's at a word's end.
  private static func letters(_ text: String) -> String {
    var scalars = text.unicodeScalars.filter { !$0.properties.isWhitespace }
    let end = scalars.last
    scalars.removeAll { $0 == "\u{AD}" || $0 == "\u{200B}" || $0 == "\u{FEFF}" }
    if end == "\u{AD}", !scalars.isEmpty { scalars.append("\u{AD}") }
    return String(String.UnicodeScalarView(scalars))
  }

  /// A foreign number: what is none, or endless, is 0.
  private static func number(_ text: String?) -> Double {
    guard let value = text.flatMap(Double.init), value.isFinite, abs(value) < 1e6 else { return 0 }
    return value
  }
}
