import Digests

/// One text in reading order, with a map back to where it came from.
package struct Document: Sendable {
  /// A stretch of the text that stands in one file.
  package struct Part: Sendable, Equatable, Codable {
    /// Relative to the directory that was submitted, or the file's name.
    package let path: String
    /// Unicode scalars of the document's text before this part's content.
    package let start: Int
    /// Unicode scalars of this part's content.
    package let length: Int

    package init(path: String, start: Int, length: Int) {
      self.path = path
      self.start = start
      self.length = length
    }
  }

  package let name: String
  package let text: String
  package let parts: [Part]
  /// Of the text's UTF-8 bytes.
  package let sha256: String
  /// What of the path is not in the text, or was read in doubt, and why.
  package let notes: [String]

  package init(name: String, text: String, parts: [Part]? = nil, notes: [String] = []) {
    self.name = name
    self.text = text
    self.notes = notes
    self.parts = parts ?? [Part(path: name, start: 0, length: text.unicodeScalars.count)]
    sha256 = SHA256.hex(of: text)
  }

  /// True where the text has its files' paths in it, if it is only one.
  package var isDirectory: Bool { parts.count > 1 || (parts.first?.start ?? 0) > 0 }

  /// The file and the offset in it, in scalars, at an offset of the text; nil
  /// between the parts.
  package func origin(of offset: Int) -> (path: String, offset: Int)? {
    guard let part = parts.last(where: { $0.start <= offset }), offset < part.start + part.length
    else { return nil }
    return (part.path, offset - part.start)
  }
}
