import Documents

/// The blocks of WordprocessingML (ECMA-376 part 1, section 17). What tracked changes deleted is
/// not in them, and what they inserted is.
final class DOCXBlocks: MarkupHandler {
  private(set) var builder = BlockBuilder()
  private let styles: DOCXStyles
  private var skipping = 0
  private var open: [Role] = []
  private var isText = false
  /// Open ones: tabs stand in runs, and their stops in a paragraph's properties.
  private var runs = 0
  private var page = 1
  /// Remarks of readers, which are none of the text.
  private(set) var comments = 0
  private var references = 0

  private enum Role {
    case none
    case skipped
    case text
    case note
    case box(Block.Kind)
  }

  private static let skipped: Set<String> = [
    "del", "moveFrom", "delText", "instrText", "delInstrText", "Fallback", "rt", "pPrChange",
    "rPrChange", "tblPrChange", "trPrChange", "tcPrChange", "sectPrChange",
  ]

  init(_ styles: DOCXStyles) { self.styles = styles }

  func start(_ name: String, _ attributes: MarkupAttributes) {
    open.append(role(name.localName, attributes))
  }

  private func role(_ name: String, _ attributes: MarkupAttributes) -> Role {
    if skipping > 0 || Self.skipped.contains(name) {
      skipping += 1
      return .skipped
    }
    switch name {
    case "t":
      isText = true
      return .text
    case "p": builder.begin(.paragraph)
    case "r": runs += 1
    case "pStyle":
      if let level = attributes.local("val").flatMap(styles.level) {
        builder.kind = .heading(level)
      }
    case "outlineLvl":
      if let level = attributes.local("val").flatMap({ Int($0) }), level < 9 {
        builder.kind = .heading(level + 1)
      }
    case "numPr": if builder.kind == .paragraph { builder.kind = .item }
    case "tbl": builder.beginTable()
    case "tr": builder.beginRow()
    case "tc": builder.beginCell()
    case "txbxContent":
      // A box in a paragraph is read behind what stands before it; what follows is as before.
      builder.begin(builder.kind)
      return .box(builder.kind)
    case "footnote", "endnote": return note(name, attributes)
    default: inline(name, attributes)
    }
    return .none
  }

  private func inline(_ name: String, _ attributes: MarkupAttributes) {
    switch name {
    case "tab", "ptab": if runs > 0 { builder.tab() }
    case "cr": builder.lineBreak()
    case "br":
      if attributes.local("type") == "page" { return }
      builder.lineBreak()
    case "lastRenderedPageBreak": nextPage()
    case "noBreakHyphen": builder.text("-")
    case "sym":
      if let code = attributes.local("char").flatMap({ UInt32($0, radix: 16) }),
        !(0xF000...0xF0FF).contains(code), let scalar = Unicode.Scalar(code)
      {
        builder.text(String(Character(scalar)))
      }
    case "docPr":
      if let words = attributes["descr"], words.contains(where: { !$0.isWhitespace }) {
        builder.text("[\(words)]")
      }
    case "footnoteReference": refer("footnote", attributes)
    case "endnoteReference": refer("endnote", attributes)
    case "commentReference": comments += 1
    default: break
    }
  }

  private func refer(_ kind: String, _ attributes: MarkupAttributes) {
    guard let id = attributes.local("id") else { return }
    references += 1
    builder.refer(to: "\(kind) \(id)", sign: "\(references)")
  }

  private func note(_ kind: String, _ attributes: MarkupAttributes) -> Role {
    // Lines between text and notes are notes of a kind of their own.
    let isLine = attributes.local("type").map { $0 != "normal" } ?? false
    guard let id = attributes.local("id"), !isLine else {
      skipping += 1
      return .skipped
    }
    builder.beginNote("\(kind) \(id)")
    return .note
  }

  private func nextPage() {
    page += 1
    builder.mark(Place.Kind.page, "\(page)")
  }

  func end(_ name: String) {
    guard let role = open.popLast() else { return }
    switch role {
    case .skipped: skipping -= 1
    case .text: isText = false
    case .note: builder.endNote()
    case .box(let kind): builder.begin(kind)
    case .none: end(element: name.localName)
    }
  }

  private func end(element name: String) {
    switch name {
    case "p": builder.end()
    case "r": runs -= 1
    case "tc": builder.endCell()
    case "tbl": builder.endTable()
    default: break
    }
  }

  func text(_ text: String) { if isText, skipping == 0 { builder.text(text) } }

  func finish() -> [Block] { builder.finish() }
}
