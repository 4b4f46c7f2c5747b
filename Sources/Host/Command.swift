import Foundation

/// Runs another program to its end.
public struct Command {
  public struct Result {
    public let status: Int32
    public let output: Data
    public let error: String
  }

  public struct NotFound: Error, CustomStringConvertible {
    public let name: String
    public var description: String { "the program \(name) is not installed (not found in PATH)" }
  }

  /// Runs `name` from PATH (or by absolute path) with these arguments; nothing goes through a shell.
  /// - Throws: `Command.NotFound`, or what starting the process throws.
  public static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:], directory: String? = nil) throws -> Result {
    guard let path = find(name) else { throw NotFound(name: name) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    // Errors go to a file: two pipes read one after the other can block the child.
    let errors = FileManager.default.temporaryDirectory.appendingPathComponent("docproc-\(UUID().uuidString)")
    FileManager.default.createFile(atPath: errors.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: errors) }
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = (try? Data(contentsOf: errors)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return Result(status: process.terminationStatus, output: data, error: text)
  }

  public static func find(_ name: String) -> String? {
    if name.hasPrefix("/") { return FileManager.default.isExecutableFile(atPath: name) ? name : nil }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
