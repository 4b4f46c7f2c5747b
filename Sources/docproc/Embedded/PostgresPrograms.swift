import Foundation
import Host

/// Where this host has Postgres's own programs: Debian keeps versions side by side, and so does a
/// folder that DOCPROC_POSTGRES names.
enum PostgresPrograms {
  private static let root =
    ProcessInfo.processInfo.environment["DOCPROC_POSTGRES"] ?? "/usr/lib/postgresql"

  /// The versions that are installed side by side, newest first.
  static var versions: [Int] {
    ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap(Int.init)
      .sorted(by: >)
      .filter { FileManager.default.isExecutableFile(atPath: "\(root)/\($0)/bin/initdb") }
  }

  /// The directory of a version's programs; of the newest where none is asked for.
  /// - Returns: nil when it is not installed.
  static func directory(version wanted: String?) -> String? {
    if let wanted {
      if let found = versions.first(where: { String($0) == wanted }) {
        return "\(root)/\(found)/bin"
      }
      return inPath.flatMap { isVersion($0, wanted) ? $0 : nil }
    }
    return versions.first.map { "\(root)/\($0)/bin" } ?? inPath
  }

  private static var inPath: String? {
    Command.find("initdb").map { ($0 as NSString).deletingLastPathComponent }
  }

  private static func isVersion(_ directory: String, _ wanted: String) -> Bool {
    guard let result = try? Command.run(directory + "/postgres", ["--version"]) else {
      return false
    }
    // postgres (PostgreSQL) 15.20 (Debian ...)
    let words = String(decoding: result.output, as: UTF8.self).split(separator: " ")
    return words.contains { $0 == wanted || $0.hasPrefix(wanted + ".") }
  }
}
