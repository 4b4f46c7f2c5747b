import Foundation
import Host
import TestSupport
import Testing

/// A target may depend only on targets of lower floors.
@Suite struct FloorTests {
  private static let floors: [[String]] = [
    [
      "CKernels", "COpenBLAS", "CPostgres", "CZstd", "CPCRE2", "CCrypto", "CUchardet", "CUtf8proc",
      "CArchive", "CXML2", "CGMime", "CSandbox", "CLLGuidance",
    ],
    ["Digests", "Host", "Programs", "Schemas"],
    [
      "Documents", "Tokenizer", "Inference", "Results", "Postgres", "Telemetry", "Migrations",
    ],
    ["Constraints", "Extraction", "Retrieval", "Jobs", "ModelTools"],
    ["Reading", "Rendering"],
    ["Answering"],
    [
      "Evaluation", "docproc-extract", "docproc-worker", "docproc-coordinator",
      "queue-bench",
    ],
    ["docproc"],
  ]
  /// What else a target may not use, although it stands below.
  private static let limits: [String: Set<String>] = [
    "Retrieval": ["CUtf8proc", "Documents"],
    "docproc-worker": allBut("ModelTools", "Evaluation", "Extraction"),
    // Readers of foreign formats run in a program of their own alone.
    "docproc": allBut("Extraction"),
    "docproc-coordinator": allBut(
      "ModelTools", "Evaluation", "Extraction", "Inference", "Answering"),
    "Evaluation": allBut("ModelTools"),
  ]

  private static func allBut(_ excluded: String...) -> Set<String> {
    Set(floors.joined()).subtracting(excluded)
  }

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
        #expect(
          Self.limits[target.name]?.contains(dependency) != false,
          "\(target.name) may not use \(dependency)")
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

  /// Two files may belong together; three that name each other in a circle cannot be read one
  /// after another.
  @Test func filesOfATargetMakeNoCircles() throws {
    let listing = try Command.run(
      "git",
      [
        "ls-files", "--cached", "--others", "--exclude-standard", "Sources/*.swift",
        "workers/*.swift", "coordinator/*.swift",
      ], directory: Repository.root)
    let paths = String(decoding: listing.output, as: UTF8.self).split(separator: "\n")
      .map(String.init)
      .filter { FileManager.default.fileExists(atPath: Repository.root + "/" + $0) }
    let targets = Dictionary(grouping: paths) { path in
      ["workers", "coordinator"].first { path.hasPrefix($0 + "/") }
        ?? String(path.split(separator: "/")[1])
    }
    try #require(targets.count > 10)
    for (target, paths) in targets {
      let sources = try Dictionary(
        uniqueKeysWithValues: paths.map {
          ($0, try String(contentsOfFile: Repository.root + "/" + $0, encoding: .utf8))
        })
      let circles = FileGraph(sources).circles.filter { $0.count > 2 }
      #expect(circles.isEmpty, "\(target): \(circles)")
    }
  }

  @Test func aCircleOfFilesIsFound() {
    let graph = FileGraph([
      "A.swift": "struct A { let b: B }", "B.swift": "struct B {}\nfunc make(_ c: C) {}",
      "C.swift": "enum C { static let all = [A]() }", "D.swift": "// A\nlet d = \"B\"\nlet e = x.C",
    ])
    #expect(graph.circles == [["A.swift", "B.swift", "C.swift"]])
    #expect(graph.arrows["D.swift"]?.isEmpty == true, "comments, strings and members do not count")
  }
}
