import Documents

/// Rich Text Format (Microsoft's specification 1.9.1).
struct RTFReader: FormatReader {
  let type = "application/rtf"

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    var parser = RTFParser(context)
    var tokens = RTFTokens(file.bytes)
    while let token = tokens.next() {
      try parser.take(token)
      if case .word("bin", let count) = token { tokens.skip(count ?? 0) }
    }
    if parser.isOpen { context.note("it ends in the middle: its end is missing") }
    if parser.comments > 0 {
      context.note("\(parser.comments) comment\(parser.comments == 1 ? " was" : "s were") left out")
    }
    let blocks = parser.finish()
    var writer = TextWriter(notes: parser.notes)
    writer.write(blocks)
    return [writer.finish()]
  }
}
