import Foundation
import TestSupport
import Testing

/// The `docproc model` commands on small folders, as a user calls them.
@Suite struct ModelCommandTests {
  private let directory: TemporaryDirectory
  private let program: Program

  init() throws {
    directory = try TemporaryDirectory()
    program = Program(home: directory.path + "/home")
  }

  private func json(_ arguments: String...) throws -> [String: Any] { try json(arguments) }

  private func json(_ arguments: [String]) throws -> [String: Any] {
    let output = try program.run("docproc", arguments)
    #expect(output.status == 0, "\(output.error)")
    return try #require(
      JSONSerialization.jsonObject(with: Data(output.text.utf8)) as? [String: Any])
  }

  private func logits(_ folder: String) throws -> [Double] {
    try #require(try json("model", "logits", folder, "--ids", "1,2,3,4,5")["logits"] as? [Double])
  }

  @Test(arguments: ["minimax-shared-expert", "bailing-ring-mini", "sala-h6", "minimax-m2-fp8"])
  func aQuantizedFolderIsAModelOfTheSameFamily(name: String) throws {
    let source = Repository.fixture("models/" + name)
    let target = directory.path + "/int8"
    let report = try json("model", "quantize", source, target, "--to", "int8", "--json")
    #expect(report["precision"] as? String == "int8")
    let before = try json("model", "inspect", source, "--dry", "--json")
    let after = try json("model", "inspect", target, "--dry", "--json")
    #expect(before["architecture"] as? String == after["architecture"] as? String)
    #expect(before["parameters"] as? Int == after["parameters"] as? Int)
    let wide = try logits(source)
    let narrow = try logits(target)
    let size = wide.reduce(0) { $0 + $1 * $1 }
    let error = zip(wide, narrow).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    #expect((error / size).squareRoot() < 0.2)
    let again = try program.run("docproc", ["model", "quantize", source, target, "--to", "int8"])
    #expect(again.status == 1 && again.error.contains("exists"))
  }

  @Test func inspectStatesMemoryAndActiveParameters() throws {
    let report = try json(
      "model", "inspect", Repository.fixture("models/bailing-ring-mini"), "--tokens", "1000,2000",
      "--dry", "--json")
    let total = try #require(report["parameters"] as? Int)
    let active = try #require(report["active_parameters"] as? Int)
    #expect(active < total)
    let memory = try #require(report["memory"] as? [[String: Int]])
    let bytes = memory.compactMap { $0["state_bytes"] }
    // Two softmax layers of 2 key heads of 8 in fp16: 128 bytes a token; the lightning layers add a
    // constant.
    #expect(bytes.count == 2 && bytes[1] - bytes[0] == 1000 * 128)
  }

  @Test func benchCountsWhatItMeasures() throws {
    let report = try json(
      "model", "bench", "--model", Repository.fixture("models/llama-gqa"), "--tokens", "64,600",
      "--json", "--profile")
    let measurements = try #require(report["measurements"] as? [[String: Any]])
    #expect(measurements.compactMap { $0["tokens"] as? Int } == [64, 600])
    for entry in measurements {
      for key in [
        "prefill_tokens_per_second", "decode_tokens_per_second", "operations_per_token",
        "peak_rss_bytes", "state_bytes",
      ] {
        #expect(try #require(entry[key] as? Double, "\(key)") > 0)
      }
      let writing = try #require(entry["writing"] as? [String: Any])
      let all = try #require(writing["all"] as? [String: Double])
      #expect(all["attention"] ?? 0 > 0 && all["feed-forward"] ?? 0 > 0 && all["head"] ?? 0 > 0)
      let total = all.values.reduce(0, +)
      let speed = try #require(entry["decode_tokens_per_second"] as? Double)
      #expect(total > 500 / speed && total < 1100 / speed, "all time is counted")
    }

    let machine = try #require(report["machine"] as? [String: Double])
    #expect(try #require(machine["memory_bytes_per_second"]) > 1e8)
    #expect(report["minimax_shaped"] == nil)
  }

  /// The paper's formulae by hand: 72 n l d^2 (1 + n/6d + 5/18d) and so on.
  @Test func flopsFollowThePaper() throws {
    let output = try program.run(
      "docproc",
      [
        "model", "flops", "--width", "2048", "--layers", "20", "--heads", "16", "--tokens", "8192",
        "--json",
      ])
    let entries = try #require(
      JSONSerialization.jsonObject(with: Data(output.text.utf8)) as? [[String: Double]])
    let base = 72.0 * 8192 * 20 * 2048 * 2048
    #expect(
      abs(try #require(entries[0]["softmax"]) / (base * (1 + 8192.0 / 12288 + 5.0 / 36864)) - 1)
        < 1e-9)
    #expect(
      abs(try #require(entries[0]["lightning"]) / (base * (1 + 1.0 / 32 + 5.0 / 36864)) - 1) < 1e-9)
    #expect(
      abs(
        try #require(entries[0]["hybrid"]) / (base * (1 + 8192.0 / 98304 + 7.0 / 256 + 5.0 / 36864))
          - 1) < 1e-9)
  }

  @Test(
    .enabled(if: Repository.defaultModel != nil, "needs the default model (make test installs it)"))
  func narrowerWeightsPredictNearlyAsWell() throws {
    let model = try #require(Repository.defaultModel)
    let arguments = [
      "model", "eval", "ppl", "--model", model, "--reference", model + "-f16", "--text",
      Repository.book, "--tokens", "1024", "--count",
      "2",
      "--json",
    ]
    let report = try json(arguments)
    let row = try #require((report["rows"] as? [[String: Any]])?.first)
    let ratio = try #require(row["ratio"] as? Double)
    #expect(ratio < 1.02 && ratio > 0.98)
    #expect(try #require(row["perplexity"] as? Double) < 40)
    let again = try #require((try json(arguments)["rows"] as? [[String: Any]])?.first)
    #expect(
      again["ratio"] as? Double == ratio && again["predicted_tokens"] as? Int == 2 * 1023,
      "kept, not measured again")
  }

  static let refused: [(arguments: [String], status: Int32, message: String)] = [
    (["model", "quantize", "FOLDER", "OUT", "--to", "int3"], 2, "int3"),
    (["model", "quantize", "/no/such/folder", "OUT", "--to", "int8"], 1, "/no/such/folder"),
    (["model", "bench", "--model", "FOLDER", "--tokens", "0"], 2, "--tokens"),
    (["model", "eval", "ppl", "--model", "FOLDER", "--text", "/no/such.txt"], 1, "tokenizer"),
    (["model", "eval", "qa", "--model", "FOLDER"], 2, "--data"),
    (["model", "eval", "needle", "--model", "FOLDER"], 2, "--text"),
    (["model", "eval", "needle", "--text", "x", "--depths", "0,150"], 2, "--depths"),
    (
      ["model", "eval", "summary", "--data", "/no/such", "--model", "FOLDER"], 1, "qmsum_val.jsonl"
    ),
    (
      ["model", "eval", "needle", "--text", Repository.book, "--model", "nosuchmodel"], 1,
      "nosuchmodel"
    ),
    (["model", "install", "--variant", "untrained", "--adapter", "x"], 2, "--adapter"),
    (["model", "flops", "--width", "0"], 2, "--width"),
    (["model", "inspect", "/no/such.gguf"], 1, "/no/such.gguf"),
    (["model", "inspect", "FOLDER", "--tokens", "many"], 2, "many"),
  ]

  @Test(arguments: refused)
  func isRefused(arguments: [String], status: Int32, message: String) throws {
    let arguments = arguments.map { word in
      switch word {
      case "FOLDER": Repository.fixture("models/llama-gqa")
      case "OUT": directory.path + "/out"
      default: word
      }
    }
    let output = try program.run("docproc", arguments)
    #expect(output.status == status, "\(output.error)")
    #expect(output.error.contains(message), "\(output.error)")
    #expect(!FileManager.default.fileExists(atPath: directory.path + "/out"))
  }
}
