import Foundation
import Host
import Synchronization

/// Runs the built programs as a user would.
package struct Program: Sendable {
  package struct Output {
    package let status: Int32
    package let text: String
    package let error: String

    package func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
      try JSONDecoder().decode(type, from: Data(text.utf8))
    }
  }

  private let home: String
  private let environment: [String: String]

  /// - Parameter home: the data directory that the program gets.
  package init(home: String, environment: [String: String] = [:]) {
    self.home = home
    self.environment = environment
  }

  /// The programs stand beside the test bundle.
  package static var directory: String {
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
    let beside = (DataHome.absolute(bundle) as NSString).deletingLastPathComponent
    return FileManager.default.isExecutableFile(atPath: beside + "/docproc")
      ? beside : Repository.root + "/.build/release"
  }

  package func docproc(_ arguments: String...) throws -> Output { try run("docproc", arguments) }

  /// Another program, by its path.
  package func execute(_ path: String, _ arguments: [String]) throws -> Output {
    let result = try Command.run(path, arguments)
    return Output(
      status: result.status, text: String(decoding: result.output, as: UTF8.self),
      error: result.error)
  }

  package func run(_ name: String, _ arguments: [String]) throws -> Output {
    let variables = ["DOCPROC_HOME": home, "DATABASE_URL": ""].merging(environment) { $1 }
    // A program that hangs fails its test instead of the whole run.
    let result = try Command.run(
      "timeout", ["300", Self.directory + "/" + name] + arguments, environment: variables,
      directory: Repository.root)
    return Output(
      status: result.status, text: String(decoding: result.output, as: UTF8.self),
      error: result.error)
  }
}

/// An embedded cluster of its own, stopped when the test process ends: suites keep theirs
/// in static properties, which are never released.
package final class TestCluster: Sendable {
  package let directory: TemporaryDirectory
  package let program: Program
  package let url: String

  private static let running = Mutex<[TestCluster]>([])

  package init() throws {
    directory = try TemporaryDirectory()
    program = Program(home: directory.path)
    let output = try program.docproc("db", "url")
    guard output.status == 0 else {
      throw CocoaError(.executableLoad, userInfo: ["reason": output.error])
    }
    url = output.text.trimmingCharacters(in: .whitespacesAndNewlines)
    Self.running.withLock { clusters in
      if clusters.isEmpty { atexit { TestCluster.stopAll() } }
      clusters.append(self)
    }
  }

  private static func stopAll() {
    for cluster in running.withLock({ $0 }) {
      _ = try? cluster.program.docproc("down")
      try? FileManager.default.removeItem(atPath: cluster.directory.path)
    }
  }
}
