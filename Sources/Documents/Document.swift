import Digests

/// One text in reading order, with a map back to where it came from.
public struct Document: Sendable {
  /// A stretch of the text that stands in one file.
  public struct Part: Sendable, Equatable, Codable {
    /// Relative to the directory that was submitted, or the file's name.
    public let path: String
    /// Unicode scalars of the document's text before this part's content.
    public let start: Int
    /// Unicode scalars of this part's content.
    public let length: Int

    public init(path: String, start: Int, length: Int) {
      self.path = path
      self.start = start
      self.length = length
    }
  }

  public let name: String
  public let text: String
  public let parts: [Part]
  /// Of the text's UTF-8 bytes.
  public let sha256: String

  public init(name: String, text: String, parts: [Part]? = nil) {
    self.name = name
    self.text = text
    self.parts = parts ?? [Part(path: name, start: 0, length: text.unicodeScalars.count)]
    sha256 = SHA256.hex(of: text)
  }

  /// The file and the offset in it, in scalars, at an offset of the text; nil
  /// between the parts.
  public func origin(of offset: Int) -> (path: String, offset: Int)? {
    guard let part = parts.last(where: { $0.start <= offset }), offset < part.start + part.length
    else { return nil }
    return (part.path, offset - part.start)
  }
}
