/// Files of a directory that are not in its text, and why.
struct LeftOut {
  private static let mostNamed = 10
  private var files: [(path: String, reason: String)] = []
  private var doubts: [(path: String, reason: String)] = []

  mutating func add(_ path: String, _ reason: String) { files.append((path, reason)) }

  /// A file that was read, but not for certain as it is meant.
  mutating func doubt(_ path: String, _ reason: String) { doubts.append((path, reason)) }

  /// A count, and the first of them by name.
  var notes: [String] {
    Self.notes(files, "left out") + Self.notes(doubts, "read in doubt")
  }

  private static func notes(_ files: [(path: String, reason: String)], _ what: String) -> [String] {
    guard !files.isEmpty else { return [] }
    let named = files.prefix(mostNamed).map { "\($0.path): \($0.reason)" }
    let count = "\(files.count) file\(files.count == 1 ? " was" : "s were") \(what)"
    let rest = files.count - named.count
    return [count] + named + (rest > 0 ? ["and \(rest) more"] : [])
  }
}
