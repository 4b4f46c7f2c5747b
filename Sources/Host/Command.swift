package import Foundation

/// Runs another program to its end.
package struct Command {
  package struct Result {
    package let status: Int32
    package let output: Data
    package let error: String
  }

  package struct NotFound: Error, CustomStringConvertible {
    package let name: String
    package var description: String { "the program \(name) is not installed (not found in PATH)" }
  }

  /// Runs `name` from PATH (or by absolute path) with these arguments; nothing goes through a
  /// shell.
  /// - Throws: `Command.NotFound`, or what starting the process throws.
  package static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:],
    directory: String? = nil
  ) throws
    -> Result
  {
    guard let path = find(name) else { throw NotFound(name: name) }

    // Files, not pipes: a server that the program starts would inherit a pipe and keep it open.
    let output = try TemporaryFile()
    let errors = try TemporaryFile()
    let status = try ChildProcess.run(
      path, arguments, environment: environment, directory: directory,
      .init(output: output.path, error: errors.path))

    return Result(
      status: status, output: try output.contents(),
      error: String(decoding: try errors.contents(), as: UTF8.self))
  }

  /// A file that is gone when the value is.
  private final class TemporaryFile {
    let path = FileManager.default.temporaryDirectory.path + "/docproc-\(UUID().uuidString)"

    init() throws { try Data().write(to: URL(fileURLWithPath: path)) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func contents() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
  }

  package static func find(_ name: String) -> String? {
    if name.hasPrefix("/") {
      return FileManager.default.isExecutableFile(atPath: name) ? name : nil
    }

    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }
}
