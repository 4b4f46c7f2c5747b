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
    /// Where its chapters, pages or messages begin, in order; nil for text without any.
    package let places: [Place]?
    /// The file that the text was taken from; nil where the file is the text, and for members of
    /// an archive but the first.
    package let source: SourceFile?

    package init(
      path: String, start: Int, length: Int, places: [Place]? = nil, source: SourceFile? = nil
    ) {
      self.path = path
      self.start = start
      self.length = length
      self.places = places
      self.source = source
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

  /// The part that an offset of the text lies in; nil between the parts.
  package func part(at offset: Int) -> Part? {
    // The parts lie one behind the other.
    let next = parts.first(behind: offset, \.start)
    guard next > 0, offset < parts[next - 1].start + parts[next - 1].length else { return nil }
    return parts[next - 1]
  }

  /// The file and the offset in it, in scalars, at an offset of the text; nil
  /// between the parts.
  package func origin(of offset: Int) -> (path: String, offset: Int)? {
    part(at: offset).map { ($0.path, offset - $0.start) }
  }
}

/// A place in a part that has a name: where a chapter, a page or a message begins.
package struct Place: Sendable, Equatable, Codable {
  /// What begins there. Programs of other versions may know others.
  package enum Kind {
    /// A heading, with those above it: `Methods > Mice`.
    package static let section = "section"
    /// As it is printed on the page, or counted: `17`, `xii`.
    package static let page = "page"
    /// One of many texts in a file: `mail 12, from ann@example.org`, `cell 3`.
    package static let entry = "entry"
  }

  package let kind: String
  /// Unicode scalars of the part's content before it.
  package let start: Int
  package let label: String

  package init(_ kind: String, start: Int, label: String) {
    self.kind = kind
    self.start = start
    self.label = label
  }
}

extension [Place] {
  /// The label of the last place of a kind at or before an offset of the part; nil before the
  /// first.
  package func label(_ kind: String, at offset: Int) -> String? {
    self[..<first(behind: offset, \.start)].last { $0.kind == kind }?.label
  }

  /// Those that begin within a range of the part.
  package func starting(in range: Range<Int>) -> ArraySlice<Place> {
    let first = first(behind: range.lowerBound - 1, \.start)
    return self[first..<Swift.max(first, self.first(behind: range.upperBound - 1, \.start))]
  }
}

extension Array {
  /// The index of the first element that starts behind an offset, in an array in order.
  fileprivate func first(behind offset: Int, _ start: KeyPath<Element, Int>) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if self[middle][keyPath: start] <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// A file that a text was taken from.
package struct SourceFile: Sendable, Equatable, Codable {
  /// Its media type, `application/epub+zip`.
  package let type: String
  package let bytes: Int
  package let sha256: String

  package init(type: String, bytes: Int, sha256: String) {
    self.type = type
    self.bytes = bytes
    self.sha256 = sha256
  }
}
