import Foundation
import Glibc
import Host

/// A directory as one text: its text files in reading order, each after its path.
struct Codebase {
  let root: String
  let texts: FileTexts
  var choice = FileChoice()

  /// Repositories within repositories, at most.
  private static let deepest = 16

  /// A file's path below the root: as it is shown, and as the system knows it.
  struct File: Hashable {
    let path: String
    let name: [UInt8]
  }

  /// - Throws: `DocumentError.noTextInDirectory` when nothing in it is text; `.bareRepository`.
  func document() throws -> Document {
    if isBareRepository { throw DocumentError.bareRepository(path: root) }
    var leftOut = LeftOut()
    var text = JoinedText()
    let files = try files(&leftOut)
    var unchosen = 0
    let vendored = FileChoice.vendored(files.map(\.path))
    for file in files {
      if let reason = choice.refusal(of: file.path, vendored: vendored) {
        if reason.isEmpty {
          unchosen += 1
        } else {
          leftOut.add(file.path, reason + "; --include reads it")
        }
        continue
      }
      let name = Array(root.utf8) + Array("/".utf8) + file.name
      // A link's text stands elsewhere in the tree, or outside of it.
      guard Self.type(of: name) != S_IFLNK else { continue }
      try text.append(path: file.path, of: root, &leftOut) {
        try texts.read(name, shown: file.path)
      }
    }

    guard !text.parts.isEmpty else {
      let chosen = unchosen > 0 ? ["\(unchosen) are left out by --include and --exclude"] : []
      throw DocumentError.noTextInDirectory(path: root, leftOut: leftOut.notes + chosen)
    }
    let name = (DataHome.absolute(root) as NSString).standardizingPath.split(separator: "/").last
    return Document(
      name: name.map(String.init) ?? root, text: text.text, parts: text.parts,
      notes: leftOut.notes)
  }

  private static func type(of name: [UInt8]) -> mode_t? {
    var status = stat()
    return name.withCString { lstat($0, &status) } == 0 ? status.st_mode & S_IFMT : nil
  }

  /// A repository's own folder: its files are git's, not a reader's.
  private var isBareRepository: Bool {
    ["/HEAD", "/objects", "/refs"].allSatisfy {
      FileManager.default.fileExists(atPath: root + $0)
    }
  }

  /// In reading order.
  private func files(_ leftOut: inout LeftOut) throws -> [File] {
    let all = try files(depth: 0, &leftOut)
    let byPath = Dictionary(all.map { ($0.path, $0) }) { first, _ in first }
    return ReadingOrder.sorted(Array(byPath.keys)).compactMap { byPath[$0] }
  }

  /// What git tracks or would track, and the same of repositories within this one.
  private func files(depth: Int, _ leftOut: inout LeftOut) throws -> [File] {
    var listing = try git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    // A directory that a repository ignores was asked for by name.
    if listing?.isEmpty ?? true { listing = try untracked() }
    var files: [File] = []
    for bytes in Set((listing ?? Data()).split(separator: 0).map { Array($0) }) {
      let name = bytes.last == UInt8(ascii: "/") ? Array(bytes.dropLast()) : bytes
      let path = String(decoding: name, as: UTF8.self)
      guard Self.type(of: Array(root.utf8) + Array("/".utf8) + name) == S_IFDIR else {
        files.append(File(path: path, name: name))
        continue
      }
      let inner = try nested(path, depth, &leftOut)
      if inner.isEmpty { leftOut.add(path, "a repository of its own, with no files in it") }
      files += inner.map {
        File(path: path + "/" + $0.path, name: name + Array("/".utf8) + $0.name)
      }
    }

    return files
  }

  private func nested(_ path: String, _ depth: Int, _ leftOut: inout LeftOut) throws -> [File] {
    guard depth < Self.deepest else { return [] }
    let inner = Codebase(root: root + "/" + path, texts: texts)
    // Without its own .git, git would list the repository around it.
    let isRepository = FileManager.default.fileExists(atPath: inner.root + "/.git")
    guard isRepository, !inner.isBareRepository else { return [] }
    return try inner.files(depth: depth + 1, &leftOut)
  }

  /// What git would list in a directory that is no repository: .gitignore files still count.
  private func untracked() throws -> Data {
    let empty = FileManager.default.temporaryDirectory.path + "/docproc-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: empty) }
    let made = try Command.run("git", ["init", "-q", "--bare", empty])
    guard made.status == 0,
      let listing = try git([
        "--git-dir=\(empty)", "--work-tree=.", "ls-files", "-z", "--others", "--exclude-standard",
      ])
    else { throw DocumentError.unreadable(path: root, reason: "git cannot list it: \(made.error)") }

    return listing
  }

  /// A repository's own settings can name programs to run; those that listing files would start
  /// are switched off.
  static let gitSettings = [
    "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c", "safe.directory=*",
  ]

  /// Runs git in the root.
  private func git(_ arguments: [String]) throws -> Data? {
    do {
      let result = try Command.run("git", Self.gitSettings + arguments, directory: root)
      return result.status == 0 ? result.output : nil
    } catch let error as Command.NotFound {
      throw DocumentError.unreadable(path: root, reason: "listing a codebase needs git: \(error)")
    }
  }
}

/// Several files as one text, each after its path.
struct JoinedText {
  private(set) var text = ""
  private(set) var parts: [Document.Part] = []
  private var scalars = 0

  /// - Throws: `DocumentError.tooLarge`
  mutating func append(_ file: FileText, path: String, of root: String) throws {
    let content = file.text
    let heading = (text.isEmpty ? "" : "\n") + "==> \(path) <==\n\n"
    let length = content.unicodeScalars.count
    scalars += heading.unicodeScalars.count
    parts.append(
      Document.Part(
        path: path, start: scalars, length: length, places: file.places, source: file.source))
    scalars += length
    text += heading + content
    if !content.hasSuffix("\n") {
      text += "\n"
      scalars += 1
    }
    if text.utf8.count > FileContents.maximumBytes {
      throw DocumentError.tooLarge(
        path: root, bytes: text.utf8.count, limit: FileContents.maximumBytes)
    }
  }
}
