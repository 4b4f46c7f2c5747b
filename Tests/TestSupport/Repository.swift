package import Foundation

/// Places in the checkout that tests use.
package enum Repository {
  package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().path

  package static func fixture(_ name: String) -> String { root + "/Tests/Fixtures/" + name }

  package static func data(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: fixture(name)))
  }

  package static var book: String { root + "/books/alice.txt" }

  /// Versions of Postgres side by side, as docproc looks for them.
  package static let postgres =
    ProcessInfo.processInfo.environment["DOCPROC_POSTGRES"] ?? "/usr/lib/postgresql"

  /// A folder like that with later versions too; `make test` makes it and sets the variable.
  package static let otherPostgres =
    ProcessInfo.processInfo.environment["DOCPROC_TEST_POSTGRES"]

  /// The default model's folder; `make test` installs it and sets the variable.
  package static let defaultModel = ProcessInfo.processInfo.environment["DOCPROC_TEST_MODEL"]
    .flatMap {
      FileManager.default.fileExists(atPath: $0 + "/config.json") ? $0 : nil
    }
}

/// A directory that is gone when the value is.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() throws {
    path = NSTemporaryDirectory() + "docproc-test-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    chmod(path, 0o755)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package func write(_ name: String, _ text: String) throws -> String {
    try write(name, Data(text.utf8))
  }

  package func write(_ name: String, _ data: Data) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try data.write(to: URL(fileURLWithPath: file))
    return file
  }
}
