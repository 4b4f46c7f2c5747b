/// What docproc-extract is told, as JSON on descriptor 3.
package struct ExtractionSettings: Codable, Sendable {
  /// The file's name, without its folder.
  package var name: String
  /// An iconv name for text that is not told by itself.
  package var encoding: String?
  package var include: [String]
  package var exclude: [String]
  package var password: String?
  /// Languages as tesseract names them, `eng+deu`; nil: no pictures are read.
  package var ocr: String?
  package var limits: ExtractionLimits

  package init(
    name: String, encoding: String? = nil, choice: FileChoice = FileChoice(),
    password: String? = nil, ocr: String? = nil, limits: ExtractionLimits = ExtractionLimits()
  ) {
    self.name = name
    self.encoding = encoding
    include = choice.include
    exclude = choice.exclude
    self.password = password
    self.ocr = ocr
    self.limits = limits
  }

  package var choice: FileChoice { FileChoice(include: include, exclude: exclude) }
}

/// What docproc-extract prints: each a line of JSON. Behind a `text` stand as many bytes of UTF-8
/// as it says, and a line end.
package enum ExtractionRecord: Codable, Sendable, Equatable {
  /// A file's text; without a path it is that of the whole document.
  case text(path: String?, bytes: Int, places: [Place])
  /// What is not in the text, or was read in doubt.
  case note(String)
  /// How far it is, in pages or members.
  case progress(done: Int, of: Int, what: String)
  /// The file cannot be read; nothing follows.
  case failure(String)
  /// All is said.
  case end(type: String)
}
