/// Files of a directory that are not in its text, and why.
package struct LeftOut {
  private static let mostNamed = 10
  private var files: [(path: String, reason: String)] = []
  private var doubts: [(path: String, reason: String)] = []
  private var remarks: [String] = []

  package init() {}

  package mutating func add(_ path: String, _ reason: String) { files.append((path, reason)) }

  /// A file that was read, but not for certain as it is meant.
  package mutating func doubt(_ path: String, _ reason: String) { doubts.append((path, reason)) }

  /// What a file's reader says about it.
  package mutating func note(_ path: String, _ text: String) { remarks.append("\(path): \(text)") }

  /// A count, and the first of them by name.
  package var notes: [String] {
    let more = remarks.count - Self.mostRemarks
    return Self.notes(files, "left out") + Self.notes(doubts, "read in doubt")
      + remarks.prefix(Self.mostRemarks) + (more > 0 ? ["and \(more) more remarks"] : [])
  }

  private static let mostRemarks = 30

  private static func notes(_ files: [(path: String, reason: String)], _ what: String) -> [String] {
    guard !files.isEmpty else { return [] }
    let named = files.prefix(mostNamed).map { "\($0.path): \($0.reason)" }
    let count = "\(files.count) file\(files.count == 1 ? " was" : "s were") \(what)"
    let rest = files.count - named.count
    return [count] + named + (rest > 0 ? ["and \(rest) more"] : [])
  }
}
