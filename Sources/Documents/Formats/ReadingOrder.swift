/// The order in which a newcomer would read a codebase.
package enum ReadingOrder {
  package static func sorted(_ paths: [String]) -> [String] {
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
