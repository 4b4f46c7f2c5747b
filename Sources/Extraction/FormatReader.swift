package import Documents

/// A file to take the text out of.
package struct InputFile {
  /// Without its folder; of a member of an archive its path in it.
  package let name: String
  package let bytes: UnsafeRawBufferPointer
  /// Archives that it lies in.
  package var nesting = 0

  package init(name: String, bytes: UnsafeRawBufferPointer, nesting: Int = 0) {
    self.name = name
    self.bytes = bytes
    self.nesting = nesting
  }
}

/// The text of a file.
package struct ExtractedText: Equatable {
  /// Within an archive; nil for a file that is one text.
  package var path: String?
  package var text: String
  package var places: [Place] = []

  package init(path: String? = nil, text: String, places: [Place] = []) {
    self.path = path
    self.text = text
    self.places = places
  }
}

/// Takes the text out of files of one format.
package protocol FormatReader {
  /// The format's media type.
  var type: String { get }

  /// - Returns: one text, or one a member of an archive.
  /// - Throws: `ExtractionError`
  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText]
}
