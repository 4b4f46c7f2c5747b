import Documents

/// The blocks of an OpenDocument text (OASIS ODF 1.3, part 3).
final class ODTBlocks: MarkupHandler {
  private(set) var builder = BlockBuilder()
  private(set) var comments = 0
  private var open: [Role] = []
  private var skipping = 0
  private var isBody = false
  private var page = 1
  private var cellRepeats: [Int] = []
  /// In a note's sign, in alternative text.
  private var captured: InlineText?
  private var sign = ""
  private var notes = 0

  private enum Role {
    case none
    case skipped
    case body
    case captured
    case noteBody
  }

  private static let skipped: Set<String> = [
    "text:tracked-changes", "text:ruby-text", "text:note-ruby", "text:index-title-template",
    "text:sequence-decls", "office:forms", "text:variable-decls", "table:tracked-changes",
    // What is drawn, or a document of its own.
    "office:binary-data", "draw:object", "draw:object-ole",
  ]
  /// More of the same empty cell than a table may have.
  private static let mostRepeats = 64
  private static let mostSpaces = 200

  func start(_ name: String, _ attributes: MarkupAttributes) {
    open.append(role(name, attributes))
  }

  private func role(_ name: String, _ attributes: MarkupAttributes) -> Role {
    if name == "office:annotation", skipping == 0 { comments += 1 }
    if skipping > 0 || Self.skipped.contains(name) || name.hasPrefix("office:annotation") {
      skipping += 1
      return .skipped
    }
    if name == "office:body" {
      isBody = true
      return .body
    }
    guard isBody else { return .none }
    switch name {
    case "svg:title", "svg:desc", "text:note-citation":
      captured = InlineText()
      return .captured
    case "text:note-body": return noteBody()
    default:
      block(name, attributes)
      return .none
    }
  }

  private func block(_ name: String, _ attributes: MarkupAttributes) {
    switch name {
    case "text:p":
      // The first paragraph of an item is the item's text.
      if builder.kind != .item || !builder.isAtStart { builder.begin(.paragraph) }
    case "text:h":
      let level = attributes["text:outline-level"].flatMap { Int($0) } ?? 1
      builder.begin(.heading(min(max(level, 1), 10)))
    case "text:list-item": builder.begin(.item)
    case "table:table": builder.beginTable()
    case "table:table-row": builder.beginRow()
    case "table:table-cell", "table:covered-table-cell":
      builder.beginCell()
      let count = attributes["table:number-columns-repeated"].flatMap { Int($0) } ?? 1
      cellRepeats.append(min(max(count, 1), Self.mostRepeats))
    case "text:s":
      let count = attributes["text:c"].flatMap { Int($0) } ?? 1
      builder.verbatim(String(repeating: " ", count: min(max(count, 0), Self.mostSpaces)))
    case "text:tab": builder.tab()
    case "text:line-break": builder.lineBreak()
    case "text:soft-page-break":
      page += 1
      builder.mark(Place.Kind.page, "\(page)")
    default: break
    }
  }

  private func noteBody() -> Role {
    notes += 1
    let target = "note \(notes)"
    builder.refer(to: target, sign: sign.isEmpty ? "\(notes)" : sign)
    builder.beginNote(target)
    return .noteBody
  }

  func end(_ name: String) {
    guard let role = open.popLast() else { return }
    switch role {
    case .skipped: skipping -= 1
    case .body: isBody = false
    case .noteBody: builder.endNote()
    case .captured: endCaptured(name)
    case .none: if isBody { end(element: name) }
    }
  }

  private func endCaptured(_ name: String) {
    let words = captured?.text() ?? ""
    captured = nil
    if name == "text:note-citation" {
      sign = words
    } else if !words.isEmpty {
      builder.text("[\(words)]")
    }
  }

  private func end(element name: String) {
    switch name {
    case "text:p", "text:h", "text:list-item": builder.end()
    case "table:table-cell", "table:covered-table-cell":
      builder.endCell()
      for _ in 1..<max(1, cellRepeats.popLast() ?? 1) {
        builder.beginCell()
        builder.endCell()
      }
    case "table:table": builder.endTable()
    default: break
    }
  }

  func text(_ text: String) {
    guard isBody, skipping == 0 else { return }
    if captured != nil { captured?.append(text) } else { builder.text(text) }
  }

  func finish() -> [Block] { builder.finish() }
}
