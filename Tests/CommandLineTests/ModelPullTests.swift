import Foundation
import Host
import TestSupport
import Testing

private enum HubClient {
  static let path = ProcessInfo.processInfo.environment["DOCPROC_TEST_HF"].flatMap {
    FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil
  }
}

/// `docproc model pull` by the real client, from a hub on this machine.
@Suite(
  .serialized,
  .enabled(if: HubClient.path != nil, "needs the hf client (make test installs it)"))
struct ModelPullTests {
  private let directory: TemporaryDirectory
  /// What the hub serves.
  private let published: String

  init() throws {
    directory = try TemporaryDirectory()
    published = directory.path + "/published"
    try FileManager.default.createDirectory(atPath: published, withIntermediateDirectories: true)
    var model = RandomModel()
    // More than the 10 MiB that the client writes at a time.
    model.vocabulary = 40_000
    model.hidden = 96
    try model.write(to: published)
    try FileManager.default.copyItem(
      atPath: Repository.fixture("tokenizers/gpt2-style/tokenizer.json"),
      toPath: published + "/tokenizer.json")
  }

  /// A hub that ends with its value.
  private final class Hub {
    let address: String
    let log: String
    private let process: Int32

    init(_ test: ModelPullTests, _ arguments: String...) throws {
      let directory = test.directory.path
      log = directory + "/hub-\(UUID().uuidString).log"
      process = try ChildProcess.startInBackground(
        try #require(Command.find("python3")),
        [Repository.root + "/Tests/Tools/hub_server.py", test.published, "authors/ring"]
          + arguments,
        environment: [:], log: log)
      var address = ""
      for _ in 0..<200 where address.isEmpty {
        usleep(50_000)
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        address =
          text.split(separator: "\n").first { $0.hasPrefix("http://") }.map(String.init) ?? ""
      }
      self.address = address
    }

    deinit { kill(process, SIGKILL) }

    func requests() throws -> [String] {
      try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
    }
  }

  private func program(_ hub: String) throws -> Program {
    let folder = (try #require(HubClient.path) as NSString).deletingLastPathComponent
    let path = folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
    return Program(
      home: directory.path + "/home",
      environment: ["HF_ENDPOINT": hub, "HF_HOME": directory.path + "/hf", "PATH": path])
  }

  @Test func aPulledModelIsRegisteredAndRemovedWithItsDownload() throws {
    let hub = try Hub(self)
    let program = try program(hub.address)
    let pulled = try program.docproc("model", "pull", "authors/ring", "--json")
    #expect(pulled.status == 0, "\(pulled.error)")
    struct Registered: Decodable { let name: String }
    #expect(try pulled.json(Registered.self).name == "ring")
    let found = try program.docproc("model", "logits", "ring", "--ids", "1,2,3")
    let expected = try program.docproc("model", "logits", published, "--ids", "1,2,3")
    #expect(found.status == 0 && found.text == expected.text)
    let again = try program.docproc("model", "pull", "authors/ring")
    #expect(again.status == 1 && again.error.contains("a model ring already"))
    let listed = try program.docproc("model", "list")
    #expect(listed.text.contains("ring  LlamaForCausalLM"))
    let removed = try program.docproc("model", "remove", "ring")
    #expect(removed.status == 0 && removed.text.contains("and its download"))
    let downloads = directory.path + "/home/downloads"
    #expect(try FileManager.default.contentsOfDirectory(atPath: downloads).isEmpty)
  }

  @Test func aPullThatBrokeOffGoesOn() throws {
    let hub = try Hub(self, "--break-at", "12000000")
    let program = try program(hub.address)
    // The client tries again by itself, or ends; either way the second call must not begin anew.
    var output = try program.docproc("model", "pull", "authors/ring", "--to", "int8")
    if output.status != 0 {
      #expect(output.error.contains("give the command again to go on"))
      output = try program.docproc("model", "pull", "authors/ring", "--to", "int8")
    }
    #expect(output.status == 0, "\(output.error)")
    #expect(output.error.contains("is not needed any more"))
    let weights = try hub.requests().filter { $0.hasPrefix("GET") && $0.contains(".safetensors") }
    #expect(weights.count == 2 && weights[1].contains("bytes=10485760-"), "\(weights)")
    let listed = try program.docproc("model", "list")
    #expect(listed.text.contains("ring  LlamaForCausalLM") && listed.text.contains("int8"))
  }

  @Test func whatIsNotThereIsNamed() throws {
    let hub = try Hub(self)
    let missing = try program(hub.address).docproc("model", "pull", "authors/other")
    #expect(missing.status == 1 && missing.error.contains("the hf client ended"))
    #expect(missing.error.contains("404") || missing.error.contains("not found"))
  }
}

/// What is refused before any client runs.
@Suite struct ModelPullArgumentTests {
  @Test(arguments: [["ring"], ["--x/y"], ["a/b/c"], ["a/b", "../x.gguf"], ["a/b", "x.bin"]])
  func strangeNamesAreRefused(arguments: [String]) throws {
    let home = try TemporaryDirectory()
    let output = try Program(home: home.path).run("docproc", ["model", "pull"] + arguments)
    #expect(output.status == 2)
  }

  @Test func aMissingClientIsNamed() throws {
    let home = try TemporaryDirectory()
    let program = Program(home: home.path, environment: ["PATH": "/usr/bin/nothing:/bin/nothing"])
    let output = try program.run("docproc", ["model", "pull", "a/b"])
    #expect(output.status == 1 && output.error.contains("pip install huggingface_hub"))
  }
}
