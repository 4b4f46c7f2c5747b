import Foundation
import Host

/// A directory of a git repository as it was at a revision, as one text. Nothing is checked out.
struct GitRevision {
  private let root: String
  private let revision: String
  private let texts: FileTexts
  private let choice: FileChoice

  init(root: String, revision: String, _ texts: FileTexts, _ choice: FileChoice) {
    self.root = root
    self.revision = revision
    self.texts = texts
    self.choice = choice
  }

  /// A file of a tree, as `git ls-tree` lists it.
  private struct Entry {
    let mode: String
    let object: String
    let path: String
  }

  /// - Throws: `DocumentError.badRevision`, `.noTextInDirectory`
  func document() throws -> Document {
    let commit = try commit()
    let entries = try entries(commit)
    let byPath = Dictionary(entries.map { ($0.path, $0) }) { first, _ in first }
    let vendored = FileChoice.vendored(entries.map(\.path))
    var leftOut = LeftOut()
    var joined = JoinedText()
    for path in ReadingOrder.sorted(Array(byPath.keys)) {
      guard let entry = byPath[path], entry.mode.hasPrefix("100") else {
        if byPath[path]?.mode == "160000" { leftOut.add(path, "a repository of its own") }
        continue
      }
      if let reason = choice.refusal(of: path, vendored: vendored) {
        if !reason.isEmpty { leftOut.add(path, reason + "; --include reads it") }
        continue
      }
      let result = try git(["cat-file", "blob", entry.object])
      guard result.status == 0 else {
        leftOut.add(path, "git cannot show it")
        continue
      }
      try joined.append(texts, [UInt8](result.output), path: path, of: root, &leftOut)
    }
    guard !joined.parts.isEmpty else {
      throw DocumentError.noTextInDirectory(path: "\(root)@\(revision)", leftOut: leftOut.notes)
    }
    let folder = (DataHome.absolute(root) as NSString).standardizingPath
    let name = (folder as NSString).lastPathComponent + "@" + commit.prefix(12)
    return Document(name: name, text: joined.text, parts: joined.parts, notes: leftOut.notes)
  }

  private func commit() throws -> String {
    // What begins with a hyphen would be an option.
    guard !revision.hasPrefix("-"), !revision.isEmpty else { throw bad("it names none") }
    let result = try git(["rev-parse", "--verify", "--quiet", "\(revision)^{commit}"])
    guard result.status == 0 else {
      let said = result.error.split(separator: "\n").first.map(String.init)
      throw bad(said ?? "git knows no commit, branch or tag of this name here")
    }
    return String(decoding: result.output, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func bad(_ reason: String) -> DocumentError {
    .badRevision(path: root, revision: revision, reason: reason)
  }

  /// Of the directory and those below it, with paths from it.
  private func entries(_ commit: String) throws -> [Entry] {
    let result = try git(["ls-tree", "-r", "-z", commit])
    guard result.status == 0 else { throw bad(result.error) }
    return result.output.split(separator: 0).compactMap { line in
      let halves = line.split(separator: UInt8(ascii: "\t"), maxSplits: 1)
      let words = String(decoding: halves[0], as: UTF8.self).split(separator: " ")
      guard halves.count == 2, words.count == 3 else { return nil }
      return Entry(
        mode: String(words[0]), object: String(words[2]),
        path: String(decoding: halves[1], as: UTF8.self))
    }
  }

  private func git(_ arguments: [String]) throws -> Command.Result {
    do {
      return try Command.run("git", Codebase.gitSettings + arguments, directory: root)
    } catch let error as Command.NotFound {
      throw DocumentError.unreadable(path: root, reason: "a revision needs git: \(error)")
    }
  }
}

extension JoinedText {
  /// Adds what a file of a directory holds; what cannot be read is named.
  /// - Throws: `DocumentError.tooLarge` where all of it together is too large.
  mutating func append(
    _ texts: FileTexts, _ bytes: [UInt8], path: String, of root: String, _ leftOut: inout LeftOut
  ) throws {
    try append(path: path, of: root, &leftOut) { try texts.read(bytes: bytes, shown: path) }
  }

  /// - Parameter read: gives what the file holds.
  mutating func append(
    path: String, of root: String, _ leftOut: inout LeftOut, _ read: () throws -> FileTexts.Found
  ) throws {
    let found: FileTexts.Found
    do {
      found = try read()
    } catch DocumentError.binary {
      return
    } catch let error as DocumentError {
      return leftOut.add(path, error.reason)
    } catch {
      return leftOut.add(path, "\(error)")
    }
    for note in found.notes { leftOut.note(path, note) }
    for text in found.texts where !text.text.isEmpty {
      if let doubt = text.doubt { leftOut.doubt(path, doubt) }
      try append(text, path: text.path.map { path + "/" + $0 } ?? path, of: root)
    }
  }
}
