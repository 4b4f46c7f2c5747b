import Foundation
import Host
import Telemetry
import TestSupport
import Testing

/// What is deployed is what the programs are.
@Suite struct DeployTests {
  private static let clients = ProcessInfo.processInfo.environment["DOCPROC_TEST_CLIENTS"]

  private static func text(_ path: String) throws -> String {
    try String(contentsOfFile: Repository.root + "/deploy/" + path, encoding: .utf8)
  }

  /// Names of metrics in a text, without what histograms add.
  private static func metrics(in text: String) -> Set<String> {
    let suffixes = ["_bucket", "_count", "_sum"]
    return Set(
      text.matches(of: #/docproc_[a-z_]+/#).map { match in
        let name = String(match.output)
        let suffix = suffixes.first { name.hasSuffix($0) && MetricNames.help[name] == nil }
        return String(name.dropLast(suffix?.count ?? 0))
      })
  }

  @Test(arguments: ["prometheus/alerts.yaml", "grafana/docproc.json"])
  func everyNumberIsThere(path: String) throws {
    let named = Self.metrics(in: try Self.text(path))
    #expect(named.count > 10)
    let unknown = named.filter { MetricNames.help[$0] == nil }
    #expect(unknown.isEmpty)
  }

  @Test func thePageOfNumbersHasAll() throws {
    let page = try String(contentsOfFile: Repository.root + "/docs/metrics.md", encoding: .utf8)
    for (name, help) in MetricNames.help { #expect(page.contains("| `\(name)` | \(help) |")) }
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool")))
  func alertsAreRules() throws {
    let output = try Command.run(
      "promtool", ["check", "rules", Repository.root + "/deploy/prometheus/alerts.yaml"])
    #expect(output.status == 0, "\(output.error)")
  }

  @Test(.enabled(if: clients != nil))
  func manifestsAreAsKubernetesHasThem() throws {
    let folder = Repository.root + "/deploy/kubernetes/"
    // Of KEDA's kinds there is no schema among Kubernetes's own.
    let others: Set = ["kustomization.yaml", "scaling.yaml"]
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    let files = names.filter { $0.hasSuffix(".yaml") && !others.contains($0) }
    #expect(files.count >= 6)
    let output = try Command.run(
      (Self.clients ?? "") + "/bin/kubernetes-validate",
      ["--strict"] + files.map { folder + $0 })
    let said = String(decoding: output.output, as: UTF8.self) + output.error
    #expect(output.status == 0, "\(said)")
    #expect(!said.contains("WARN"), "\(said)")
    let listed = try Self.text("kubernetes/kustomization.yaml")
    for name in names where name != "kustomization.yaml" {
      #expect(listed.contains("- \(name)\n"), "\(name) is not applied")
    }
  }

  /// An alert's query and a scaler's are only as good as what they ask.
  @Test func theScalerAsksWhatThereIs() throws {
    let query = try #require(
      try Self.text("kubernetes/scaling.yaml").firstMatch(of: #/query: "(.*)"/#)?.output.1)
    let cluster = try TestCluster()
    let output = try cluster.program.execute("psql", [cluster.url, "-Atc", String(query)])
    #expect(output.text == "0\n", "\(output.error)")
  }
}
