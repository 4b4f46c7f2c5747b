import Documents

/// A text of OpenDocument, as LibreOffice writes it.
struct ODTReader: FormatReader {
  let type = "application/vnd.oasis.opendocument.text"

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    let zip = try ZipContents(file, context) {
      $0 == "content.xml" || $0 == "META-INF/manifest.xml"
    }
    if zip.text("META-INF/manifest.xml")?.contains(":encryption-data") ?? false {
      throw ExtractionError.refused(
        "a text with a password", instead: "save it without one; its cipher is not read")
    }
    if zip.isEncrypted { throw ExtractionError.needsPassword }
    let text = try zip.with("content.xml") { try Self.text($0, context) }
    guard let text else { throw ExtractionError.broken("it has no content.xml") }
    return [text]
  }

  static func text(_ file: InputFile, _ context: ExtractionContext) throws -> ExtractedText {
    let handler = ODTBlocks()
    if try !MarkupParser.parse(xml: file.bytes, handler, context) {
      context.note("its XML is not well-formed: its end may be missing")
    }
    let blocks = handler.finish()
    if handler.comments > 0 {
      context.note(
        "\(handler.comments) comment\(handler.comments == 1 ? " was" : "s were") left out")
    }
    var writer = TextWriter(notes: handler.builder.notes)
    writer.write(blocks)
    return writer.finish()
  }
}

/// OpenDocument as one XML file.
struct FlatODTReader: FormatReader {
  let type = "application/vnd.oasis.opendocument.text-flat-xml"

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    [try ODTReader.text(file, context)]
  }
}
