import Documents

/// A document of Word (ECMA-376).
struct DOCXReader: FormatReader {
  let type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    let zip = try ZipContents(file, context) { $0.hasSuffix(".xml") || $0.hasSuffix(".rels") }
    if zip.isEncrypted { throw ExtractionError.needsPassword }
    let package = DOCXRelations(of: "")
    try zip.parse(xml: "_rels/.rels", package, context)
    let main = package.targets["officeDocument"] ?? "word/document.xml"
    guard zip.files[main] != nil else {
      throw ExtractionError.broken("it has no document in it (\(main))")
    }
    let relations = DOCXRelations(of: main)
    try zip.parse(xml: Self.relations(of: main), relations, context)
    let styles = DOCXStyles()
    if let member = relations.targets["styles"] { try zip.parse(xml: member, styles, context) }
    let body = DOCXBlocks(styles)
    if try zip.parse(xml: main, body, context) == false {
      context.note("\(main) is not well-formed: its end may be missing")
    }
    let blocks = body.finish()
    var notes: [String: [Block]] = [:]
    var targets: [String] = []
    for kind in ["footnotes", "endnotes"] {
      guard let member = relations.targets[kind] else { continue }
      let handler = DOCXBlocks(styles)
      try zip.parse(xml: member, handler, context)
      _ = handler.finish()
      notes.merge(handler.builder.notes) { first, _ in first }
      targets += handler.builder.noteTargets
    }
    if body.comments > 0 {
      context.note("\(body.comments) comment\(body.comments == 1 ? " was" : "s were") left out")
    }
    var writer = TextWriter(notes: notes)
    writer.write(blocks)
    writer.writeOrphans(targets)
    return [writer.finish()]
  }

  private static func relations(of member: String) -> String {
    let pieces = member.split(separator: "/")
    let folder = pieces.dropLast().map { $0 + "/" }.joined()
    return "\(folder)_rels/\(pieces.last ?? "").rels"
  }
}
