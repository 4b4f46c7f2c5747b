import Foundation
import Host

/// A directory as one text: its text files in reading order, each after its path.
struct Codebase {
  let root: String
  let encoding: String?

  /// - Throws: `DocumentError.noTextInDirectory` when nothing in it is text.
  func document() throws -> Document {
    var text = ""
    var scalars = 0
    var parts: [Document.Part] = []
    for path in try paths() {
      guard let content = try? content(of: path) else { continue }
      let heading = (text.isEmpty ? "" : "\n") + "==> \(path) <==\n\n"
      let length = content.unicodeScalars.count
      scalars += heading.unicodeScalars.count
      parts.append(Document.Part(path: path, start: scalars, length: length))
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

    guard !parts.isEmpty else { throw DocumentError.noTextInDirectory(path: root) }

    return Document(
      name: (DataHome.absolute(root) as NSString).standardizingPath.split(separator: "/").last.map(
        String.init) ?? root, text: text,
      parts: parts)
  }

  /// The file's text; throws for binary and empty files, which are left out.
  private func content(of path: String) throws -> String {
    let full = root + "/" + path
    // A link's text stands elsewhere in the tree, or outside of it.
    guard (try? FileManager.default.destinationOfSymbolicLink(atPath: full)) == nil else {
      throw DocumentError.binary(path: full)
    }
    let bytes = try FileContents.read(full)
    guard !bytes.isEmpty else { throw DocumentError.empty(path: full) }
    return try TextDecoder.decode(bytes, path: full, encoding: encoding)
  }

  /// Paths relative to the root, in reading order.
  private func paths() throws -> [String] {
    let listing =
      try git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]) ?? untracked()
    let names = listing.split(separator: 0).compactMap { String(validating: $0, as: UTF8.self) }
    return ReadingOrder.sorted(Array(Set(names)))
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

  /// Runs git in the root. A repository's own settings can name programs to run; those
  /// that listing files would start are switched off.
  private func git(_ arguments: [String]) throws -> Data? {
    let settings = [
      "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c", "safe.directory=*",
    ]
    do {
      let result = try Command.run("git", settings + arguments, directory: root)
      return result.status == 0 ? result.output : nil
    } catch let error as Command.NotFound {
      throw DocumentError.unreadable(path: root, reason: "listing a codebase needs git: \(error)")
    }
  }
}

/// The order in which a newcomer would read a codebase.
enum ReadingOrder {
  static func sorted(_ paths: [String]) -> [String] {
    paths.sorted { first, second in
      let firstRank = rank(first)
      let secondRank = rank(second)
      return firstRank != secondRank ? firstRank < secondRank : precedes(first, second)
    }
  }

  /// README first, then other top-level prose, then manifests, then the rest.
  private static func rank(_ path: String) -> Int {
    guard !path.contains("/") else { return 3 }

    let name = path.lowercased()
    if name.hasPrefix("readme") { return 0 }
    if name.hasSuffix(".md") || name.hasSuffix(".rst") || name.hasSuffix(".txt") { return 1 }
    let manifests = [
      "package.swift", "package.json", "cargo.toml", "pyproject.toml", "go.mod", "makefile",
      "cmakelists.txt", "pom.xml",
    ]

    return manifests.contains(name) ? 2 : 3
  }

  /// By bytes, and a directory's own files before those of its subdirectories.
  private static func precedes(_ first: String, _ second: String) -> Bool {
    let a = first.split(separator: "/")
    let b = second.split(separator: "/")
    for (left, right) in zip(a.dropLast(), b.dropLast()) where left != right {
      return left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    if a.count != b.count { return a.count < b.count }
    return first.utf8.lexicographicallyPrecedes(second.utf8)
  }
}
