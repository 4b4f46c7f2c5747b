import Foundation
import TestSupport
import Testing

@testable import Inference

/// Numbers of others: bounded before arithmetic, and never passed on where they are none.
@Suite struct HostileModelTests {
  private func configuration(_ json: String) throws -> ModelConfiguration {
    ModelConfiguration(try JSONDecoder().decode([String: JSONValue].self, from: Data(json.utf8)))
  }

  @Test(arguments: ["-1", "0", "1e30", "1e-300", "9223372036854775807"])
  func anEpsilonIsOne(value: String) throws {
    let configuration = try configuration("{\"rms_norm_eps\": \(value)}")
    #expect(throws: ModelError.self) {
      try configuration.number("rms_norm_eps", in: ModelConfiguration.epsilons)
    }
  }

  @Test func sizesAreBoundedByName() throws {
    let configuration = try configuration("{\"hidden_size\": 65537}")
    #expect(
      throws: ModelError.malformedConfiguration(
        key: "hidden_size", reason: "is 65537; at most 65536 is supported")
    ) { try configuration.size("hidden_size", atMost: 1 << 16) }
    #expect(try configuration.size("hidden_size") == 65_537)
  }

  @Test(arguments: [
    (String(repeating: "[", count: 32) + String(repeating: "]", count: 32), true),
    (String(repeating: "[", count: 33) + String(repeating: "]", count: 33), false),
    ("{\"a\": \"" + String(repeating: "[", count: 100) + "\"}", true),
    ("{\"a\\\"[\": " + String(repeating: "[", count: 40), false),
  ])
  func deepJSONIsNotDecoded(json: String, isShallow: Bool) {
    #expect(JSONValue.isShallow(Data(json.utf8)) == isShallow)
  }

  @Test func numbersThatAreNoneAreAnErrorThatNamesTheirPlace() throws {
    let directory = try TemporaryDirectory()
    let source = Repository.fixture("models/llama-gqa")
    let folder = directory.path + "/model"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: source + "/config.json", toPath: folder + "/config.json")
    var data = try Data(contentsOf: URL(fileURLWithPath: source + "/model.safetensors"))
    // In all float formats these bits are no number.
    data.replaceSubrange((data.count - 4096)..., with: [UInt8](repeating: 0xFF, count: 4096))
    try data.write(to: URL(fileURLWithPath: folder + "/model.safetensors"))
    do {
      let model = try LanguageModel.load(folder: folder, threads: 1)
      let vocabulary = Int32(model.description.vocabularySize)
      for token in stride(from: Int32(0), to: vocabulary, by: 1) {
        _ = try model.logits(after: [token], state: model.makeState())
      }
      Issue.record("it answered")
    } catch ModelError.notFinite(let part) {
      #expect(!part.isEmpty)
    }
  }

  // MARK: CPUs

  private func limit(_ files: [String: String]) throws -> Double? {
    let root = try TemporaryDirectory()
    for (path, text) in files { _ = try root.write(path, text) }
    return CPULimit(root: root.path).quota
  }

  @Test func aContainersShareOfTimeIsSeen() throws {
    #expect(try limit([:]) == nil)
    #expect(try limit(["proc/self/cgroup": "0::/\n"]) == nil)
    let nested = [
      "proc/self/cgroup": "0::/pod/container\n", "sys/fs/cgroup/pod/cpu.max": "200000 100000\n",
      "sys/fs/cgroup/pod/container/cpu.max": "max 100000\n",
    ]
    #expect(try limit(nested) == 2)
    let within = [
      "proc/self/cgroup": "0::/../../kubepods/x\n", "sys/fs/cgroup/cpu.max": "150000 100000\n",
    ]
    #expect(try limit(within) == 1.5, "the path leads nowhere within the container")
    let first = [
      "proc/self/cgroup": "11:memory:/d/x\n4:cpu,cpuacct:/d/x\n",
      "sys/fs/cgroup/cpu,cpuacct/d/x/cpu.cfs_quota_us": "50000\n",
      "sys/fs/cgroup/cpu,cpuacct/d/x/cpu.cfs_period_us": "100000\n",
    ]
    #expect(try limit(first) == 0.5)
    let unlimited = [
      "proc/self/cgroup": "4:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    ]
    #expect(try limit(unlimited) == nil)
  }

  @Test func halfACPUIsAThread() throws {
    let root = try TemporaryDirectory()
    _ = try root.write("proc/self/cgroup", "0::/\n")
    _ = try root.write("sys/fs/cgroup/cpu.max", "50000 100000")
    #expect(CPULimit(root: root.path).usable == 1)
  }
}
