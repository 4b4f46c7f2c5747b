/// The headings of a Markdown file (CommonMark 0.31.2, sections 4.2 and 4.3), outside of fenced
/// code.
package enum MarkdownHeadings {
  /// nil for other files, and for those without headings.
  package static func places(_ text: String, path: String) -> [Place]? {
    var outline = HeadingPath()
    return places(text, path: path, within: &outline)
  }

  /// - Parameter outline: the headings that the text stands under.
  package static func places(
    _ text: String, path: String, within outline: inout HeadingPath
  ) -> [Place]? {
    let name = path.lowercased()
    guard [".md", ".markdown", ".mdown", ".mkd"].contains(where: name.hasSuffix) else { return nil }
    var places: [Place] = []
    var fence: Substring?
    var offset = 0
    var previous: (line: Substring, start: Int)?
    // Settings before the text stand between two rules.
    if text.hasPrefix("---\n") || text.hasPrefix("---\r\n") { fence = "---" }
    for line in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false) {
      let shown = Substring(line)
      let start = offset
      offset += line.count + 1
      // Four spaces make code of a line.
      let indent = shown.prefix { $0 == " " }.count
      let trimmed = shown.dropFirst(min(indent, 3))
      if fence == "---" {
        if offset > 5, shown.hasPrefix("---") { fence = nil }
        continue
      }
      if let mark = self.fence(trimmed) {
        if fence == nil { fence = mark } else if mark.hasPrefix(fence ?? "") { fence = nil }
        previous = nil
        continue
      }
      guard fence == nil else { continue }
      if let (level, title) = heading(trimmed) {
        places.append(Place(Place.Kind.section, start: start, label: outline.enter(level, title)))
        previous = nil
      } else if let level = underline(trimmed), let (title, begin) = previous {
        places.append(
          Place(Place.Kind.section, start: begin, label: outline.enter(level, String(title))))
        previous = nil
      } else {
        previous = trimmed.allSatisfy(\.isWhitespace) ? nil : (trimmed, start)
      }
    }
    return places.isEmpty ? nil : places
  }

  private static func fence(_ line: Substring) -> Substring? {
    for mark: Character in ["`", "~"] {
      let length = line.prefix { $0 == mark }.count
      if length > 2 { return line.prefix(length) }
    }
    return nil
  }

  private static func heading(_ line: Substring) -> (Int, String)? {
    let level = line.prefix(7).prefix { $0 == "#" }.count
    guard (1...6).contains(level) else { return nil }
    let rest = line.dropFirst(level)
    guard rest.first.map({ $0 == " " || $0 == "\t" }) ?? false else { return nil }
    let title = rest.reversed().drop { $0 == "#" || $0.isWhitespace }.reversed()
    let words = String(title.drop(while: \.isWhitespace))
    return words.isEmpty ? nil : (level, words)
  }

  private static func underline(_ line: Substring) -> Int? {
    let rest = line.reversed().drop(while: \.isWhitespace)
    guard let first = rest.first, first == "=" || first == "-", rest.count > 2 else { return nil }
    return rest.allSatisfy { $0 == first } ? (first == "=" ? 1 : 2) : nil
  }
}

/// The headings that a place stands under.
package struct HeadingPath {
  private static let longest = 100
  private var titles: [(level: Int, title: String)] = []

  package init() {}

  /// - Returns: the new heading's label, with those above it: `Methods > Mice`.
  package mutating func enter(_ level: Int, _ title: String) -> String {
    // More levels than anybody has would make titles without end.
    let level = min(max(level, 1), 10)
    while let last = titles.last, last.level >= level { titles.removeLast() }
    let line = title.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    titles.append((level, String(line.prefix(Self.longest))))
    return titles.map(\.title).joined(separator: " > ")
  }
}
