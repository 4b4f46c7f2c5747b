/// The blocks of an RTF text, as its paragraphs, cells and notes end.
struct RTFBlocks {
  /// Of the paragraph or cell that is being read.
  var inline = InlineText()
  /// Of a heading; nil for other paragraphs.
  var level: Int?
  var isCell = false
  private(set) var notes: [String: [Block]] = [:]
  private var references: [NoteReference] = []
  private var blocks: [Block] = []
  private var cells: [String] = []
  private var rowMarks: [Block.Mark] = []
  private var interrupted: [Interrupted] = []

  /// What a note interrupts.
  private struct Interrupted {
    let depth: Int
    let inline: InlineText
    let references: [NoteReference]
    let blocks: [Block]
    let level: Int?
    let isCell: Bool
    let cells: [String]
  }

  /// The depth of the group that the innermost note is; nil outside of notes.
  var noteDepth: Int? { interrupted.last?.depth }

  mutating func beginNote(depth: Int) {
    let number = notes.count + interrupted.count + 1
    inline.append("[\(number)]")
    references.append(NoteReference(target: "note \(number)", sign: "\(number)"))
    interrupted.append(
      Interrupted(
        depth: depth, inline: inline, references: references, blocks: blocks, level: level,
        isCell: isCell, cells: cells))
    inline = InlineText()
    references = []
    blocks = []
    level = nil
    isCell = false
    cells = []
  }

  mutating func endNote() {
    endAll()
    guard let before = interrupted.popLast() else { return }
    if let target = before.references.last?.target { notes[target] = blocks }
    inline = before.inline
    references = before.references
    blocks = before.blocks
    level = before.level
    isCell = before.isCell
    cells = before.cells
  }

  mutating func endParagraph() {
    // Of a cell it is a line of its text.
    if isCell {
      inline.append(" ")
      return
    }
    let text = inline.text()
    if !text.isEmpty || !inline.marks.isEmpty || !references.isEmpty {
      let kind = level.map { Block.Kind.heading($0) } ?? .paragraph
      let length = text.unicodeScalars.count
      let marks = inline.marks.map {
        Block.Mark(kind: $0.kind, label: $0.label, offset: min($0.offset, length))
      }
      blocks.append(Block(kind: kind, text: text, marks: marks, notes: references))
    }
    inline = InlineText()
    references = []
  }

  mutating func endCell() {
    cells.append(inline.text().split(whereSeparator: \.isWhitespace).joined(separator: " "))
    rowMarks += inline.marks.map { Block.Mark(kind: $0.kind, label: $0.label, offset: 0) }
    inline = InlineText()
  }

  mutating func endRow() {
    if !inline.isEmpty { endCell() }
    if cells.contains(where: { !$0.isEmpty }) {
      let text = cells.joined(separator: "\t")
      blocks.append(Block(kind: .row, text: text, marks: rowMarks, notes: references))
      rowMarks = []
    }
    references = []
    cells = []
  }

  private mutating func endAll() {
    isCell = false
    if !cells.isEmpty { endRow() }
    endParagraph()
  }

  /// All blocks; notes that are open are ended.
  mutating func finish() -> [Block] {
    while !interrupted.isEmpty { endNote() }
    endAll()
    return blocks
  }
}
