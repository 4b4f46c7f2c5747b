import Foundation
import TestSupport
import Testing

@testable import Inference

/// Folders that are damaged, hostile or unknown are refused by name.
@Suite struct BadFolderTests {
  private func folder(_ model: RandomModel = RandomModel(), without: String? = nil) throws
    -> TemporaryDirectory
  {
    let directory = try TemporaryDirectory()
    try model.write(to: directory.path, without: without)
    return directory
  }

  private func error(loading directory: TemporaryDirectory) -> ModelError? {
    do {
      _ = try LanguageModel.load(folder: directory.path)
      return nil
    } catch {
      return error as? ModelError
    }
  }

  @Test func aGoodFolderLoads() throws { #expect(error(loading: try folder()) == nil) }

  @Test func missingTensor() throws {
    let name = "model.layers.1.mlp.up_proj.weight"
    let directory = try folder(without: name)
    #expect(error(loading: directory) == .missingTensor(name: name, path: directory.path))
  }

  @Test func wrongShape() throws {
    let directory = try folder()
    var other = RandomModel()
    other.intermediate = 56
    try JSONEncoder().encode(other.configuration).write(
      to: URL(fileURLWithPath: directory.path + "/config.json"))
    #expect(
      error(loading: directory)
        == .wrongShape(
          name: "model.layers.0.mlp.gate_proj.weight", expected: [56, 32], found: [48, 32]))
  }

  @Test func unknownArchitecture() throws {
    let directory = try folder()
    _ = try directory.write("config.json", #"{"architectures": ["NovelForCausalLM"]}"#)
    guard case .unknownArchitecture("NovelForCausalLM", _) = error(loading: directory) else {
      Issue.record("expected unknownArchitecture")
      return
    }
  }

  @Test func truncatedWeights() throws {
    let directory = try folder()
    let path = directory.path + "/model.safetensors"
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    for keep in [0, 5, 60, 2000, data.count - 1] {
      try data.prefix(keep).write(to: URL(fileURLWithPath: path))
      #expect(error(loading: directory) != nil, "\(keep) bytes")
    }
  }

  private static func file(_ header: String, bytes: Int) -> Data {
    var length = UInt64(header.utf8.count).littleEndian
    return Data(bytes: &length, count: 8) + Data(header.utf8) + Data(count: bytes)
  }

  @Test(arguments: [
    (#""data_offsets": [0, 16]"#, #""data_offsets": [16, 32]"#, 36, "4 bytes follow"),
    (#""data_offsets": [0, 16]"#, #""data_offsets": [8, 24]"#, 24, "overlaps"),
    (#""data_offsets": [0, 16]"#, #""data_offsets": [20, 36]"#, 36, "after a gap"),
  ])
  func tensorsThatDoNotFillTheirFile(
    first: String, second: String, bytes: Int, fault: String
  ) throws {
    let directory = try folder()
    let entry = #""dtype": "F32", "shape": [4]"#
    let header = "{\"a\": {\(entry), \(first)}, \"b\": {\(entry), \(second)}}"
    let path = try directory.write("odd.safetensors", Self.file(header, bytes: bytes))
    let error = #expect(throws: ModelError.self) { try SafetensorsFile(path: path) }
    #expect("\(try #require(error))".contains(fault))
  }

  /// Of a tensor in two files, the one that the index names is read.
  @Test func theIndexSaysWhoseATensorIs() throws {
    let directory = try folder()
    let path = directory.path + "/model.safetensors"
    let names = try SafetensorsFile(path: path).tensors.keys
    let norm = #"{"model.norm.weight": {"dtype": "F32", "shape": [32], "data_offsets": [0, 128]}}"#
    _ = try directory.write("a.safetensors", Self.file(norm, bytes: 128))
    try FileManager.default.moveItem(atPath: path, toPath: directory.path + "/b.safetensors")
    guard case .unreadable(_, let reason) = error(loading: directory) else {
      Issue.record("expected a refusal")
      return
    }
    #expect(reason.contains("model.norm.weight stands in two files"))
    for (owner, isZero) in [("a", true), ("b", false)] {
      var map = Dictionary(uniqueKeysWithValues: names.map { ($0, "b.safetensors") })
      map["model.norm.weight"] = owner + ".safetensors"
      map["other"] = "a.safetensors"
      let index = try JSONEncoder().encode(["weight_map": map])
      _ = try directory.write("model.safetensors.index.json", index)
      let norm = try ModelWeights(folder: directory.path).vector("model.norm.weight", count: 32)
      #expect(norm.allSatisfy { $0 == 0 } == isZero)
    }
  }

  static let hostileHeaders = [
    "not json", "[]", "{\"a\": 3}", "{}",
    #"{"model.norm.weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 99999999999]}}"#,
    #"{"model.norm.weight": {"dtype": "F32", "shape": [4], "data_offsets": [8, 0]}}"#,
    #"{"model.norm.weight": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}}"#,
    #"{"model.norm.weight": {"dtype": "F32", "shape": [4611686018427387904, 4611686018427387904], "data_offsets": [0, 16]}}"#,
    #"{"model.norm.weight": {"dtype": "F32", "shape": [5], "data_offsets": [0, 16]}}"#,
    #"{"model.norm.weight": {"dtype": "F32", "shape": [4]}}"#,
  ]

  @Test(arguments: hostileHeaders)
  func hostileHeader(json: String) throws {
    let directory = try folder()
    var length = UInt64(json.utf8.count).littleEndian
    _ = try directory.write(
      "model.safetensors", Data(bytes: &length, count: 8) + Data(json.utf8) + Data(count: 16))
    #expect(error(loading: directory) != nil)
  }

  @Test func hugeHeaderLength() throws {
    let directory = try folder()
    _ = try directory.write("model.safetensors", Data(repeating: 0xFF, count: 64))
    guard case .malformedSafetensors = error(loading: directory) else {
      Issue.record("expected malformedSafetensors")
      return
    }
  }

  @Test func aShardOutsideOfTheFolderIsRefused() throws {
    let directory = try folder()
    _ = try directory.write(
      "model.safetensors.index.json", #"{"weight_map": {"x": "../../etc/passwd"}}"#)
    #expect("\(try #require(error(loading: directory)))".contains("outside"))
  }

  @Test(arguments: ["num_hidden_layers", "num_attention_heads", "head_dim"])
  func absurdSizesAreRefused(key: String) throws {
    let directory = try folder(RandomModel(extra: [key: .integer(2_000_000_000)]), without: nil)
    guard case .malformedConfiguration(key, _) = error(loading: directory) else {
      Issue.record("expected malformedConfiguration for \(key)")
      return
    }
  }

  @Test func tokensOutOfRange() throws {
    let directory = try folder()
    let model = try LanguageModel.load(folder: directory.path)
    #expect(throws: ModelError.tokenOutOfRange(id: 64, vocabulary: 64)) {
      try model.read([1, 64], into: model.makeState())
    }
    #expect(throws: ModelError.noTokens) { try model.read([], into: model.makeState()) }
  }
}
