import Documents

/// The blocks of an HTML page, or of a chapter of an EPUB.
final class HTMLBlocks: MarkupHandler {
  private(set) var builder = BlockBuilder()
  /// What the page calls itself.
  private(set) var title = InlineText()
  /// Names of places in this page that a table of contents has titles for, by their id.
  private let titles: [String: String]
  /// What an address in the page names, for notes; nil for one elsewhere.
  private let target: (String) -> String?
  /// The page's own name in such addresses.
  private let base: String

  /// Stands for a place of the table of contents until it is known whether the page has headings.
  static let contentsMark = "contents"

  private enum Role {
    case none
    case skipped
    case block
    case table
    case note
    case list
    case notes
    case title
    case reference(String)
  }

  private var open: [Role] = []
  private var skipping = 0
  private var isTitle = false
  /// Of lists: the next number, nil for one without numbers.
  private var lists: [Int?] = []
  private var noteLists = 0
  private var sign: InlineText?

  private static let skipped: Set<String> = [
    "script", "style", "template", "noscript", "iframe", "object", "rt", "rp", "annotation",
    "annotation-xml", "datalist",
  ]
  private static let blocks: Set<String> = [
    "p", "div", "section", "article", "header", "footer", "main", "aside", "nav", "address",
    "blockquote", "figure", "figcaption", "form", "fieldset", "dl", "dt", "dd", "hr", "center",
    "body", "details", "summary", "legend", "caption", "frameset", "menu",
  ]
  private static let noteTypes: Set<Substring> = [
    "footnote", "endnote", "rearnote", "note", "doc-footnote", "doc-endnote",
  ]
  private static let noteListTypes: Set<Substring> = [
    "footnotes", "endnotes", "rearnotes", "doc-endnotes",
  ]
  private static let backTypes: Set<Substring> = ["backlink", "doc-backlink"]
  private static let pageTypes: Set<Substring> = ["pagebreak", "doc-pagebreak"]
  private static let referenceTypes: Set<Substring> = ["noteref", "doc-noteref"]

  init(
    titles: [String: String] = [:], base: String = "", target: @escaping (String) -> String?
  ) {
    self.titles = titles
    self.base = base
    self.target = target
  }

  func start(_ name: String, _ attributes: MarkupAttributes) {
    open.append(role(name, attributes))
  }

  private func role(_ name: String, _ attributes: MarkupAttributes) -> Role {
    if skipping > 0 || Self.skipped.contains(name) { return skip() }
    if name == "title" { return beginTitle() }
    if name == "head" { return .none }
    let types = types(attributes)
    if attributes["hidden"] != nil, types.isDisjoint(with: Self.noteTypes) { return skip() }
    let id = attributes["id"] ?? (name == "a" ? attributes["name"] : nil)
    if let id, let title = titles[id] { builder.mark(Self.contentsMark, title) }
    if !types.isDisjoint(with: Self.pageTypes) {
      if let label = attributes["title", "aria-label"] { builder.mark(Place.Kind.page, label) }
      return skip()
    }
    if name == "a" { return link(attributes, types) }
    if let id, isNote(name, types) {
      builder.beginNote(base + "#" + id)
      return .note
    }
    return block(name, attributes, types)
  }

  private func types(_ attributes: MarkupAttributes) -> Set<Substring> {
    let text = (attributes["epub:type"] ?? "") + " " + (attributes["role"] ?? "")
    return Set(text.split(separator: " "))
  }

  private func isNote(_ name: String, _ types: Set<Substring>) -> Bool {
    if !types.isDisjoint(with: Self.noteTypes) { return name != "section" }
    return noteLists > 0 && name == "li"
  }

  private func skip() -> Role {
    skipping += 1
    return .skipped
  }

  private func beginTitle() -> Role {
    isTitle = true
    return .title
  }

  private func link(_ attributes: MarkupAttributes, _ types: Set<Substring>) -> Role {
    let classes = Set((attributes["class"] ?? "").split(separator: " "))
    if !types.isDisjoint(with: Self.backTypes) || classes.contains("footnote-back") {
      return skip()
    }
    let isReference =
      !types.isDisjoint(with: Self.referenceTypes) || classes.contains("footnote-ref")
    guard isReference, let target = attributes["href"].flatMap(target) else { return .none }
    sign = InlineText()
    return .reference(target)
  }

  private func block(
    _ name: String, _ attributes: MarkupAttributes, _ types: Set<Substring>
  ) -> Role {
    switch name {
    case "h1", "h2", "h3", "h4", "h5", "h6":
      builder.begin(.heading(Int(name.dropFirst()) ?? 1))
      return .block
    case "pre", "listing", "xmp":
      builder.begin(.verbatim)
      return .block
    case "br":
      builder.lineBreak()
    case "img":
      if let words = attributes["alt"], words.contains(where: { !$0.isWhitespace }) {
        builder.text("[\(words)]")
      }
    case "ul", "ol", "dir": return list(name, attributes, types)
    case "li": return item()
    case "table":
      builder.beginTable()
      return .table
    case "tr": builder.beginRow()
    case "td", "th": builder.beginCell()
    case "q": builder.text("“")
    default: return other(name, types)
    }
    return .none
  }

  private func list(
    _ name: String, _ attributes: MarkupAttributes, _ types: Set<Substring>
  ) -> Role {
    builder.end()
    lists.append(name == "ol" ? attributes["start"].flatMap { Int($0) } ?? 1 : nil)
    guard !types.isDisjoint(with: Self.noteListTypes) else { return .list }
    noteLists += 1
    return .notes
  }

  private func item() -> Role {
    let number = lists.last ?? nil
    builder.begin(.item, bullet: number.map { "\($0)." } ?? "-")
    if let number { lists[lists.count - 1] = number &+ 1 }
    return .block
  }

  private func other(_ name: String, _ types: Set<Substring>) -> Role {
    guard Self.blocks.contains(name) else { return .none }
    // The first paragraph of an item is the item's text.
    if builder.kind != .item || !builder.isAtStart { builder.end() }
    guard !types.isDisjoint(with: Self.noteListTypes) else { return .block }
    noteLists += 1
    return .notes
  }

  func end(_ name: String) {
    guard let role = open.popLast() else { return }
    switch role {
    case .skipped: skipping -= 1
    case .title: isTitle = false
    case .block: builder.end()
    case .note: builder.endNote()
    case .table: builder.endTable()
    case .list, .notes:
      builder.end()
      if name == "ul" || name == "ol" || name == "dir" { _ = lists.popLast() }
      if case .notes = role { noteLists -= 1 }
    case .reference(let target): endReference(target)
    case .none:
      if name == "td" || name == "th" { builder.endCell() }
      if name == "q" { builder.text("”") }
    }
  }

  private func endReference(_ target: String) {
    let words = (sign?.text() ?? "").filter { !"[](){}".contains($0) }
    sign = nil
    builder.refer(to: target, sign: words.isEmpty ? "note" : words)
  }

  func text(_ text: String) {
    guard skipping == 0 else { return }
    if isTitle {
      title.append(text)
    } else if sign != nil {
      sign?.append(text)
    } else {
      builder.text(text)
    }
  }

  struct Page {
    let blocks: [Block]
    let notes: [String: [Block]]
    /// In the page's order.
    let noteTargets: [String]
  }

  func finish() -> Page {
    let blocks = builder.finish()
    return Page(
      blocks: Self.marked(blocks), notes: builder.notes, noteTargets: builder.noteTargets)
  }

  /// Where a page has headings, these are its places; else those of the table of contents.
  private static func marked(_ blocks: [Block]) -> [Block] {
    let hasHeadings = blocks.contains { if case .heading = $0.kind { true } else { false } }
    return blocks.map { block in
      var block = block
      block.marks = block.marks.compactMap { mark in
        guard mark.kind == contentsMark else { return mark }
        return hasHeadings
          ? nil : Block.Mark(kind: Place.Kind.section, label: mark.label, offset: mark.offset)
      }
      return block
    }
  }
}
