import Foundation

/// Which file of a target names what another one declares. By text: types, protocols, aliases and
/// functions at a file's top level, found as words of other files outside of comments and strings.
struct FileGraph {
  /// Of each file, those that it names something of.
  private(set) var arrows: [String: Set<String>] = [:]

  /// - Parameter sources: each file's text by its path.
  init(_ sources: [String: String]) {
    let code = sources.mapValues(Self.code)
    var owners: [Substring: Set<String>] = [:]
    for (path, text) in code {
      for name in Self.declarations(text) { owners[name, default: []].insert(path) }
    }

    for (path, text) in code {
      var named: Set<String> = []
      for word in Self.words(text) {
        // A name that several files declare tells nothing.
        if let files = owners[word], files.count == 1 { named.formUnion(files) }
      }
      arrows[path] = named.subtracting([path])
    }
  }

  /// Sets of files that reach each other, of more than one file each (Tarjan 1972).
  var circles: [[String]] {
    var search = CircleSearch(arrows)
    for path in arrows.keys.sorted() where !search.isKnown(path) { search.visit(path) }
    return search.circles
  }

  /// The text without comments and strings; line ends stay.
  static func code(_ text: String) -> String {
    let pattern = #/"""(?s:.*?)"""|"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*(?s:.*?)\*\//#
    return text.replacing(pattern) {
      String(repeating: "\n", count: $0.output.count { $0 == "\n" })
    }
  }

  private static func declarations(_ code: String) -> [Substring] {
    let pattern =
      #/^(?:@\w+\s+)*(?:(?:package|public|final|indirect)\s+)*(?:struct|class|enum|actor|protocol|typealias|func)\s+(\w+)/#
    var depth = 0
    var found: [Substring] = []
    for line in code.split(separator: "\n") {
      if depth == 0, let match = line.prefixMatch(of: pattern) { found.append(match.output.1) }
      depth += line.count { $0 == "{" } - line.count { $0 == "}" }
    }

    return found
  }

  /// Words that do not follow a dot: members say nothing about where they are declared.
  private static func words(_ code: String) -> Set<Substring> {
    var found: Set<Substring> = []
    var start: String.Index?
    var previous: Character = " "
    for index in code.indices {
      let character = code[index]
      let isPart = character.isLetter || character.isNumber || character == "_"
      if isPart, start == nil, previous != "." { start = index }
      if !isPart, let begin = start {
        found.insert(code[begin..<index])
        start = nil
      }
      if !isPart || start != nil { previous = character }
    }

    return found
  }
}

/// Strongly connected components, one after another.
private struct CircleSearch {
  private let arrows: [String: Set<String>]
  private var numbers: [String: Int] = [:]
  private var lowest: [String: Int] = [:]
  private var stack: [String] = []
  private(set) var circles: [[String]] = []

  init(_ arrows: [String: Set<String>]) { self.arrows = arrows }

  func isKnown(_ path: String) -> Bool { numbers[path] != nil }

  mutating func visit(_ path: String) {
    let number = numbers.count
    numbers[path] = number
    lowest[path] = number
    stack.append(path)
    for next in (arrows[path] ?? []).sorted() {
      if !isKnown(next) { visit(next) }
      if stack.contains(next) {
        lowest[path] = min(lowest[path] ?? number, lowest[next] ?? number)
      }
    }

    guard lowest[path] == number, let first = stack.firstIndex(of: path) else { return }
    if stack.count - first > 1 { circles.append(stack[first...].sorted()) }
    stack.removeSubrange(first...)
  }
}
