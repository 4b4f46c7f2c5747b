import Documents

/// Regions of lines to paragraphs, headings and rows.
struct PDFParagraphs {
  private(set) var blocks: [Block] = []
  private let hyphens: PDFHyphens
  /// The height of most lines, in points.
  private let body: Double
  /// From one line to the next, of most.
  private let pitch: Double

  private var text = ""
  private var marks: [Block.Mark] = []
  private var kind = Block.Kind.paragraph
  private var previous: (line: PDFLine, region: PDFOrder.Region)?
  private var pendingMarks: [(kind: String, label: String)] = []

  private static let longestHeading = 200

  init(hyphens: PDFHyphens, body: Double, pitch: Double) {
    self.hyphens = hyphens
    self.body = max(1, body)
    self.pitch = pitch
  }

  mutating func beginPage(_ label: String) {
    pendingMarks.append((Place.Kind.page, label))
  }

  mutating func add(_ region: PDFOrder.Region) {
    let hasCells = region.rows.map { $0.count > 1 || $0[0].text.contains("\t") }
    for (index, row) in region.rows.enumerated() {
      // One row alone is a line whose words stand far apart.
      let isBeside =
        index > 0 && hasCells[index - 1]
        || index + 1 < hasCells.count && hasCells[index + 1]
      if hasCells[index], isBeside {
        flush()
        kind = .row
        append(row.map(\.text).joined(separator: "\t"))
        flush()
        previous = nil
      } else {
        add(Self.line(row), first: index == 0, region)
      }
    }
  }

  private static func line(_ row: [PDFLine]) -> PDFLine {
    PDFLine(row.flatMap(\.words)) ?? row[0]
  }

  private mutating func add(_ line: PDFLine, first: Bool, _ region: PDFOrder.Region) {
    let kind = self.kind(of: line)
    let goesOn =
      kind == self.kind
      && (isHeading(goingOnAt: line, first: first)
        || !begins(line, first: first, region))
    if !goesOn { flush() }
    self.kind = kind
    // In prose the last line alone is short: others are verse or code, whose lines stay.
    let isLine = kind == .paragraph && !first && previous.map(Self.isShort) ?? false
    append(line.words.map(\.text).joined(separator: " "), onNewLine: isLine)
    previous = (line, region)
  }

  /// A heading may have several lines, close to each other.
  private func isHeading(goingOnAt line: PDFLine, first: Bool) -> Bool {
    guard case .heading = kind, let last = previous?.line, !first else { return false }
    let gap = line.box.top - last.box.bottom
    return gap < 0.6 * line.height && gap > -line.height
  }

  /// Whether a line begins a paragraph.
  private func begins(_ line: PDFLine, first: Bool, _ region: PDFOrder.Region) -> Bool {
    guard let (last, before) = previous else { return true }
    let isShort = last.box.right < before.right - 0.2 * (before.right - before.left)
    let isEnded = last.words.last.map { Self.ends($0.text) } ?? true
    let isIndented = line.box.left > region.left + 0.8 * body
    // A paragraph goes on in the next column and on the next page.
    if first { return isEnded && (isShort || isIndented) || isShort && isIndented }
    let step = line.box.top - last.box.top
    if step > 1.35 * pitch || step < 0 { return true }
    let wasIndented = last.box.left > region.left + 0.8 * body
    if isIndented, !wasIndented { return true }
    return isShort && isEnded
  }

  private static func isShort(_ line: PDFLine, in region: PDFOrder.Region) -> Bool {
    line.box.right < region.right - 0.3 * (region.right - region.left)
  }

  private static func ends(_ word: String) -> Bool {
    guard let last = word.last(where: { !"\"'”’)]»".contains($0) }) else { return true }
    return ".?!:;…".contains(last)
  }

  /// Lines larger than most are headings.
  private func kind(of line: PDFLine) -> Block.Kind {
    let size = line.height / body
    guard size > 1.15, line.words.count < 25 else { return .paragraph }
    return .heading(size > 1.6 ? 1 : size > 1.3 ? 2 : 3)
  }

  private mutating func append(_ line: String, onNewLine: Bool = false) {
    if onNewLine, !text.isEmpty, !PDFHyphens.endsInHyphen(text) {
      text += "\n"
    } else if !text.isEmpty {
      switch hyphens.joint(text, line) {
      case .space: text += " "
      case .nothing: break
      case .word: text.unicodeScalars.removeLast()
      }
    }
    if !pendingMarks.isEmpty {
      let offset = text.unicodeScalars.count
      marks += pendingMarks.map { Block.Mark(kind: $0.kind, label: $0.label, offset: offset) }
      pendingMarks = []
    }
    text += line
  }

  private mutating func flush() {
    defer {
      text = ""
      marks = []
      kind = .paragraph
    }
    guard !text.isEmpty else { return }
    // Where a line may be broken is nothing of its text, but at this one's end.
    if text.unicodeScalars.last == "\u{AD}" { text.unicodeScalars.removeLast() }
    var inline = InlineText()
    inline.append(text, verbatim: true)
    var kind = kind
    if case .heading = kind, text.unicodeScalars.count > Self.longestHeading { kind = .paragraph }
    blocks.append(Block(kind: kind, text: inline.text(), marks: marks))
  }

  mutating func finish() -> [Block] {
    flush()
    if !pendingMarks.isEmpty {
      let marks = pendingMarks.map { Block.Mark(kind: $0.kind, label: $0.label, offset: 0) }
      blocks.append(Block(kind: .paragraph, text: "", marks: marks))
    }
    return blocks
  }
}
