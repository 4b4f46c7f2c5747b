import Glibc

/// Which files of a directory are read: patterns that the user gives, and what nobody wants to
/// read or to hand out.
package struct FileChoice: Sendable {
  /// Shell patterns: with a slash of the whole path, else of a name of it.
  package var include: [String] = []
  package var exclude: [String] = []

  package init(include: [String] = [], exclude: [String] = []) {
    self.include = include
    self.exclude = exclude
  }

  private static let kinds: [(reason: String, patterns: [String])] = [
    (
      "a lock file",
      [
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
        "Cargo.lock", "poetry.lock", "uv.lock", "Pipfile.lock", "Gemfile.lock", "composer.lock",
        "go.sum", "Package.resolved", "flake.lock", "mix.lock", "pubspec.lock",
      ]
    ),
    (
      "minified or generated",
      [
        "*.min.js", "*.min.css", "*.min.mjs", "*.js.map", "*.css.map", "*.pb.go", "*_pb2.py",
        "*.pb.cc", "*.pb.h", "*.pb.swift", "*.g.dart",
      ]
    ),
    (
      "it may hold secrets",
      [
        ".env", ".env.*", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.pem", "*.key", "*.p12",
        "*.pfx", "*.jks", "*.keystore", ".netrc", ".pgpass", ".htpasswd",
      ]
    ),
  ]
  private static let examples = [".env.example", ".env.sample", ".env.template", ".env.dist"]
  /// Files by which package managers mark the folders that they fill.
  private static let vendorMarks = [
    "pyvenv.cfg", "modules.txt", "autoload.php", "Manifest.lock", ".package-lock.json",
  ]
  private static let vendorNames = ["node_modules", "bower_components", "site-packages"]

  /// Folders of others' code among these paths.
  package static func vendored(_ paths: [String]) -> Set<String> {
    var folders: Set<String> = []
    for path in paths {
      let parts = path.split(separator: "/")
      for (index, part) in parts.dropLast().enumerated() where vendorNames.contains(String(part)) {
        folders.insert(parts[...index].joined(separator: "/"))
        break
      }
      guard let name = parts.last, parts.count > 1, vendorMarks.contains(String(name)) else {
        continue
      }
      let folder = parts.dropLast().joined(separator: "/")
      let last = parts[parts.count - 2]
      let isGoOrPHP = name == "modules.txt" || name == "autoload.php"
      if !isGoOrPHP || last == "vendor" { folders.insert(folder) }
    }
    return folders
  }

  /// Why a file is not read; nil where it is. What nobody asked about needs no reason: "".
  package func refusal(of path: String, vendored: Set<String>) -> String? {
    if exclude.contains(where: { Self.matches($0, path) }) { return "" }
    if !include.isEmpty { return include.contains { Self.matches($0, path) } ? nil : "" }
    let name = String(path.split(separator: "/").last ?? "")
    if !Self.examples.contains(name) {
      for kind in Self.kinds where kind.patterns.contains(where: { fnmatch($0, name, 0) == 0 }) {
        return kind.reason
      }
    }
    var folder = path[...]
    while let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
      if vendored.contains(String(folder)) { return "in \(folder), which a package manager filled" }
    }
    return nil
  }

  static func matches(_ pattern: String, _ path: String) -> Bool {
    if pattern.contains("/") {
      let whole = pattern.hasSuffix("/") ? pattern + "*" : pattern
      return fnmatch(whole, path, 0) == 0
    }
    return path.split(separator: "/").contains { fnmatch(pattern, String($0), 0) == 0 }
  }
}
