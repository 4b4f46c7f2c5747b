import Foundation
import TestSupport
import Testing

@testable import Inference

/// Logits against independent implementations: transformers, and one of the authors' code.
@Suite struct GoldenTests {
  static let folders =
    (try? FileManager.default.contentsOfDirectory(atPath: Repository.fixture("models")).sorted())
    ?? []
  private static let tolerance = 1e-4

  private struct Golden: Decodable {
    let ids: [Int32]
    let positions: [Int]
    let logits: [[Float]]
  }

  @Test func fixturesAreThere() { #expect(Self.folders.count >= 25) }

  @Test(arguments: folders)
  func logitsMatch(folder: String) throws {
    let serving = "models/\(folder)/golden-serving.json"
    let hasTwoForms = FileManager.default.fileExists(atPath: Repository.fixture(serving))
    try compare(
      Repository.fixture("models/\(folder)"),
      with: hasTwoForms ? serving : "models/\(folder)/golden.json")
  }

  /// Where the authors' two programs disagree on the slopes, the other one's are a setting.
  @Test(arguments: folders.filter { $0.hasPrefix("bailing") })
  func theOtherSlopesAreASetting(folder: String) throws {
    let copy = try TemporaryDirectory()
    let source = Repository.fixture("models/\(folder)")
    var configuration = try ModelConfiguration(folder: source).values
    configuration["slope_layer_offset"] = .integer(-1)
    _ = try copy.write("config.json", try JSONEncoder().encode(configuration))
    try FileManager.default.createSymbolicLink(
      atPath: copy.path + "/model.safetensors", withDestinationPath: source + "/model.safetensors")
    try compare(copy.path, with: "models/\(folder)/golden.json")
  }

  /// Files whose weights are a folder's: rotary frequencies are stretched as the file says.
  @Test(arguments: ["llama3-rope", "qwen3-yarn"])
  func filesStretchTheirFrequenciesAsFoldersDo(name: String) throws {
    try compare(Repository.fixture("gguf/\(name).gguf"), with: "models/\(name)/golden.json")
  }

  private func compare(_ folder: String, with file: String) throws {
    let golden = try JSONDecoder().decode(Golden.self, from: try Repository.data(file))
    let model = try LanguageModel.load(folder: folder)
    var found: [Int: [Float]] = [:]
    try model.forEachLogits(of: golden.ids, state: model.makeState(.float32)) { found[$0] = $1 }
    for (position, logits) in zip(golden.positions, golden.logits) {
      #expect(
        relativeError(try #require(found[position]), logits) < Self.tolerance,
        "position \(position)")
    }
  }

  @Test(arguments: folders)
  func onePassAndTokenByTokenGiveTheSameState(folder: String) throws {
    let golden = try JSONDecoder().decode(
      Golden.self, from: try Repository.data("models/\(folder)/golden.json"))
    let model = try LanguageModel.load(folder: Repository.fixture("models/\(folder)"))
    let whole = model.makeState(.float32)
    let single = model.makeState(.float32)
    try model.read(golden.ids, into: whole)
    for id in golden.ids { try model.read([id], into: single) }
    for (a, b) in zip(whole.numbers, single.numbers) { #expect(relativeError(a, b) < 1e-5) }
  }

  @Test(arguments: folders)
  func keysAndValuesInHalfTheBytesChangeLittle(folder: String) throws {
    let golden = try JSONDecoder().decode(
      Golden.self, from: try Repository.data("models/\(folder)/golden.json"))
    let model = try LanguageModel.load(folder: Repository.fixture("models/\(folder)"))
    let exact = try model.logits(after: golden.ids, state: model.makeState(.float32))
    let found = try model.logits(after: golden.ids, state: model.makeState(.float16))
    #expect(relativeError(found, exact) < 1e-3)
  }

  private struct SmolGolden: Decodable {
    struct Prompt: Decodable {
      let ids: [Int32]
      let norm: Double
      let stride: Int
      let sample: [Float]
    }
    let prompts: [Prompt]
  }

  /// The base model, as it is installed for comparisons, is SmolLM2.
  @Test(
    .enabled(if: Repository.defaultModel != nil, "needs the default model (make test installs it)"))
  func smolLM2LogitsMatch() throws {
    let model = try LanguageModel.load(
      folder: try #require(Repository.defaultModel) + "-original-f16")
    let golden = try JSONDecoder().decode(
      SmolGolden.self, from: try Repository.data("smollm2-logits.json"))
    #expect(golden.prompts.count == 3)
    for prompt in golden.prompts {
      let logits = try model.logits(after: prompt.ids, state: model.makeState(.float32))
      let sample = stride(from: 0, to: logits.count, by: prompt.stride).map { logits[$0] }
      #expect(relativeError(sample, prompt.sample) < Self.tolerance)
    }
  }
}
