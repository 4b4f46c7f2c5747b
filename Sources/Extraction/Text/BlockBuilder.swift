/// Puts the blocks of a text in a markup together, as its elements begin and end.
///
/// Tables and notes nest in each other in any order, and strangers' files forget to end them: what
/// is still open at the end is closed.
struct BlockBuilder {
  private enum Frame: Equatable {
    case table
    case cell
    case note(target: String)

    var isNote: Bool { if case .note = self { true } else { false } }
  }

  /// The cells' blocks, row by row.
  private struct Table {
    var rows: [[[Block]]] = []
  }

  private var frames: [(frame: Frame, blocks: [Block])] = []
  /// Of each table that is open.
  private var tables: [Table] = []
  private var blocks: [Block] = []
  private var inline = InlineText()
  private var references: [NoteReference] = []
  /// The notes' blocks, by what names them.
  private(set) var notes: [String: [Block]] = [:]
  /// Their targets as they come.
  private(set) var noteTargets: [String] = []
  /// Of the block that is being made.
  var kind = Block.Kind.paragraph
  /// What an item begins with.
  private var bullet: String?

  var isAtStart: Bool { inline.isEmpty }

  mutating func text(_ text: String) { inline.append(text, verbatim: kind == .verbatim) }
  mutating func verbatim(_ text: String) { inline.append(text, verbatim: true) }
  mutating func lineBreak() { inline.lineBreak() }
  mutating func tab() { inline.tab() }
  mutating func mark(_ kind: String, _ label: String) { inline.mark(kind, label) }

  mutating func refer(to target: String, sign: String) {
    inline.append("[\(sign)]")
    references.append(NoteReference(target: target, sign: sign))
  }

  /// Ends the block that is being made, and begins one of another kind.
  mutating func begin(_ kind: Block.Kind, bullet: String? = nil) {
    end()
    self.kind = kind
    self.bullet = bullet
  }

  /// Ends the block that is being made; what follows is a paragraph.
  mutating func end() {
    defer {
      kind = .paragraph
      bullet = nil
    }
    var text = inline.text()
    let marks = inline.marks
    inline = InlineText()
    guard !text.isEmpty || !marks.isEmpty || !references.isEmpty else { return }
    var shift = 0
    if kind == .item, !text.isEmpty {
      let start = (bullet ?? "-") + " "
      text = start + text
      shift = start.unicodeScalars.count
    }
    // White space at the end is gone, and a mark behind it stands at the end.
    let length = text.unicodeScalars.count
    let placed = marks.map {
      let offset = $0.offset == 0 ? 0 : min($0.offset + shift, length)
      return Block.Mark(kind: $0.kind, label: $0.label, offset: offset)
    }
    blocks.append(Block(kind: kind, text: text, marks: placed, notes: references))
    references = []
  }

  // Tables

  mutating func beginTable() {
    end()
    frames.append((.table, blocks))
    tables.append(Table())
    blocks = []
  }

  mutating func beginRow() {
    closeCell()
    guard frames.last?.frame == .table else { return }
    end()
    tables[tables.count - 1].rows.append([])
  }

  mutating func beginCell() {
    closeCell()
    guard frames.last?.frame == .table else { return }
    end()
    if tables[tables.count - 1].rows.isEmpty { tables[tables.count - 1].rows.append([]) }
    frames.append((.cell, blocks))
    blocks = []
  }

  mutating func endCell() { closeCell() }

  mutating func endTable() {
    closeCell()
    end()
    guard frames.last?.frame == .table, let (_, before) = frames.popLast() else { return }
    // A caption stands before the rows. What was before is long: it is not copied.
    var all = before
    all.append(contentsOf: blocks)
    all.append(contentsOf: Self.blocks(of: tables.removeLast().rows))
    blocks = all
  }

  private mutating func closeCell() {
    guard let place = frames.lastIndex(where: { !$0.frame.isNote }), frames[place].frame == .cell
    else { return }
    while frames.count > place + 1 { endNote() }
    end()
    guard let (_, before) = frames.popLast() else { return }
    let row = tables[tables.count - 1].rows.count - 1
    tables[tables.count - 1].rows[row].append(blocks)
    blocks = before
  }

  /// A table of short cells has rows; one whose cells are texts of their own lays these out.
  private static func blocks(of rows: [[[Block]]]) -> [Block] {
    let cells = rows.flatMap(\.self)
    let isLayout = cells.contains { cell in
      cell.count > 6 || cell.contains { $0.kind != .paragraph && $0.kind != .item }
        || cell.count > 1 && cell.contains { $0.text.utf8.count > 200 }
    }
    let isColumn = rows.allSatisfy { $0.count < 2 }
    if isLayout || isColumn { return cells.flatMap(\.self) }
    return rows.compactMap { row in
      let texts = row.map { cell in
        cell.map { oneLine($0.text) }.joined(separator: " ")
      }
      guard texts.contains(where: { !$0.isEmpty }) else { return nil }
      return Block(
        kind: .row, text: texts.joined(separator: "\t"), marks: marks(of: row),
        notes: row.flatMap { $0.flatMap(\.notes) })
    }
  }

  /// Pages may begin in a table: at the row, about.
  private static func marks(of row: [[Block]]) -> [Block.Mark] {
    row.flatMap { $0.flatMap(\.marks) }.map {
      Block.Mark(kind: $0.kind, label: $0.label, offset: 0)
    }
  }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  // Notes

  /// What follows belongs to a note, until it ends.
  mutating func beginNote(_ target: String) {
    // A note within a paragraph, as office files have them, does not end it.
    frames.append((.note(target: target), blocks))
    open.append((inline, references, kind, bullet))
    inline = InlineText()
    references = []
    kind = .paragraph
    blocks = []
  }

  private var open: [(InlineText, [NoteReference], Block.Kind, String?)] = []

  mutating func endNote() {
    guard let place = frames.lastIndex(where: { $0.frame.isNote }) else { return }
    while frames.count > place + 1 {
      if frames.last?.frame == .cell { closeCell() } else { endTable() }
    }
    end()
    guard case .note(let target)? = frames.last?.frame, let (_, before) = frames.popLast() else {
      return
    }
    if notes[target] == nil { noteTargets.append(target) }
    notes[target, default: []] += blocks
    blocks = before
    if let (text, references, kind, bullet) = open.popLast() {
      inline = text
      self.references = references
      self.kind = kind
      self.bullet = bullet
    }
  }

  /// All blocks; what is open is closed.
  mutating func finish() -> [Block] {
    while let last = frames.last {
      switch last.frame {
      case .table: endTable()
      case .cell: closeCell()
      case .note: endNote()
      }
    }
    end()
    return blocks
  }
}
