import Documents

/// A page in HTML or XHTML.
struct HTMLReader: FormatReader {
  let type = "text/html"

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    let text = try MarkupEncoding.text(file, context)
    return [try Self.text(ofPage: text, context)]
  }

  /// - Throws: `ExtractionError.limit`
  static func text(ofPage text: String, _ context: ExtractionContext) throws -> ExtractedText {
    let handler = HTMLBlocks { $0.hasPrefix("#") ? $0 : nil }
    try MarkupParser.parse(html: text, handler, context)
    let page = handler.finish()
    var writer = TextWriter(notes: page.notes)
    let hasTitle = page.blocks.contains { $0.kind == .heading(1) }
    let title = handler.title.text()
    if !hasTitle, !title.isEmpty { writer.write([Block(kind: .heading(1), text: title)]) }
    writer.write(page.blocks)
    writer.writeOrphans(page.noteTargets)
    return writer.finish()
  }
}
