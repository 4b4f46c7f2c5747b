import Documents

/// Text in any encoding, as it stands in archives.
struct PlainTextReader: FormatReader {
  let type = "text/plain"

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    do {
      let decoded = try TextDecoder.decode(
        Array(file.bytes), path: file.name, encoding: context.settings.encoding)
      if let doubt = decoded.doubt { context.leftOut.doubt(file.name, doubt) }
      let places = MarkdownHeadings.places(decoded.text, path: file.name) ?? []
      return [ExtractedText(text: decoded.text, places: places)]
    } catch DocumentError.binary {
      throw ExtractionError.binary
    } catch let error as DocumentError {
      throw ExtractionError.broken("\(error)")
    }
  }
}
