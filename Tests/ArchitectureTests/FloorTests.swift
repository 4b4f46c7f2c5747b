import Foundation
import Host
import TestSupport
import Testing

/// A target may depend only on targets of lower floors.
@Suite struct FloorTests {
  private static let floors: [[String]] = [
    ["CKernels", "COpenBLAS", "CPostgres", "CZstd", "CPCRE2", "CCrypto", "CUchardet", "CUtf8proc"],
    ["Digests", "Host", "Programs"],
    ["Documents", "Tokenizer", "Inference", "Results", "Postgres", "Telemetry", "Migrations"],
    ["Jobs", "Reading"],
    ["Evaluation", "docproc-worker"],
    ["docproc"],
  ]

  private struct Package: Decodable {
    struct Target: Decodable {
      struct Dependency: Decodable {
        let byName: [String?]?
        let target: [String?]?
      }
      let name: String
      let type: String
      let dependencies: [Dependency]
    }
    let targets: [Target]
  }

  private static func package() throws -> Package {
    // `swift test` holds the build folder's lock: another folder needs none.
    let scratch = try TemporaryDirectory()
    let result = try Command.run(
      "timeout", ["120", "swift", "package", "--scratch-path", scratch.path, "dump-package"],
      directory: Repository.root)
    try #require(result.status == 0, "\(result.error)")
    return try JSONDecoder().decode(Package.self, from: result.output)
  }

  @Test func arrowsPointDown() throws {
    let floor = Dictionary(
      uniqueKeysWithValues: Self.floors.enumerated().flatMap { floor, names in
        names.map { ($0, floor) }
      })
    for target in try Self.package().targets
    where target.type != "test" && target.name != "TestSupport" {
      let own = try #require(floor[target.name], "\(target.name) stands on no floor")
      for dependency in target.dependencies.compactMap({ ($0.byName ?? $0.target)?.first ?? nil }) {
        guard let other = floor[dependency] else { continue }
        #expect(other < own, "\(target.name) depends on \(dependency), which is not below it")
      }
    }
  }

  @Test func filesStayReadable() throws {
    let listing = try Command.run(
      "git", ["ls-files", "*.swift", "*.c", "*.inc"], directory: Repository.root)
    for path in String(decoding: listing.output, as: UTF8.self).split(separator: "\n") {
      let text = try String(contentsOfFile: Repository.root + "/" + path, encoding: .utf8)
      #expect(
        text.split(separator: "\n", omittingEmptySubsequences: false).count <= 350,
        "\(path) is too long for one concept")
    }
  }
}
