@testable import ModelTools
import Digests
import Foundation
import TestSupport
import Testing

@testable import Inference

/// Adapters merged into the weights of a small random GGUF.
@Suite struct AdapterTests {
  private let directory: TemporaryDirectory
  private let base: String
  private let baseSHA256: String
  private let conversion = LlamaConversion(
    retrievalLayers: [1], limits: BoundedLimits(sinks: 2, kept: 20, window: 30))

  init() throws {
    directory = try TemporaryDirectory()
    base = directory.path + "/base.gguf"
    try RandomGGUF().write(to: base)
    baseSHA256 = try SHA256.hex(ofFiles: [base])
  }

  private struct Part {
    let name: String
    let shape: [Int]
    var type = DataType.float32
    var values: [Float]
  }

  private static let query = "model.layers.0.self_attn.q_proj"
  private static let down = "model.layers.1.mlp.down_proj"

  /// Factors of two projections, one of them in bytes; a norm; and, if wanted, layer 0's branch.
  private func parts(branch: Bool) -> [Part] {
    var random = SplitMix(5)
    var parts = [
      Part(
        name: Self.query + ".lora_a", shape: [3, 32], type: .float16, values: random.floats(96)),
      Part(
        name: Self.query + ".lora_b", shape: [32, 3], type: .float16, values: random.floats(96)),
      Part(
        name: Self.down + ".lora_a.int8", shape: [2, 48], type: .int8,
        values: random.floats(96, in: -127...127).map { $0.rounded() }),
      Part(
        name: Self.down + ".lora_a.scale", shape: [2], values: random.floats(2, in: 0.001...0.01)),
      Part(
        name: Self.down + ".lora_b.int8", shape: [32, 2], type: .int8,
        values: random.floats(64, in: -127...127).map { $0.rounded() }),
      Part(
        name: Self.down + ".lora_b.scale", shape: [32], values: random.floats(32, in: 0.001...0.01)),
      Part(name: "model.layers.1.input_layernorm.weight", shape: [32], values: random.floats(32)),
    ]
    if branch {
      for (name, shape) in RandomModel.branch(layer: 0, 4, 2, 8) {
        parts.append(
          Part(name: name, shape: shape, values: RandomModel.values(name, shape, &random)))
      }
    }

    return parts
  }

  private func write(_ parts: [Part], changes: [String: JSONValue] = [:]) throws -> String {
    let path = directory.path + "/adapter.safetensors"
    let writer = try SafetensorsWriter(
      path: path, entries: parts.map { .init(name: $0.name, type: $0.type, shape: $0.shape) })
    for part in parts {
      try writer.begin(part.name)
      if part.type == .int8 {
        try writer.append(bytes: part.values.map { UInt8(bitPattern: Int8($0)) })
      } else {
        try writer.append(part.values)
      }
    }

    try writer.close()
    let description: [String: JSONValue] = [
      "format": .integer(1), "base_sha256": .string(baseSHA256),
      "adapter_sha256": .string(try SHA256.hex(ofFiles: [path])),
      "window_tokens": .integer(12), "sink_tokens": .integer(2), "state_heads": .integer(2),
      "features": .integer(8),
      "softmax_layers": .array([.integer(1)]), "key_gain_range": .number(4),
    ]
    try JSONEncoder().encode(description.merging(changes) { $1 }).write(
      to: URL(fileURLWithPath: directory.path + "/adapter.json"))

    return path
  }

  private func convert(_ parts: [Part]?, changes: [String: JSONValue] = [:]) throws -> String {
    let folder = directory.path + "/" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let adapter = try parts.map {
      try Adapter(path: try write($0, changes: changes), baseSHA256: baseSHA256)
    }
    try conversion.convert(try GGUFFile(path: base), adapter: adapter, into: folder)
    return folder
  }

  private func mixers(_ folder: String) throws -> [String] {
    try ModelConfiguration(folder: folder).strings("layer_mixers") ?? []
  }

  @Test func factorsAreAddedAndNormsReplaced() throws {
    let parts = parts(branch: false)
    let plain = try ModelWeights(folder: try convert(nil))
    let merged = try ModelWeights(folder: try convert(parts))
    func values(_ suffix: String) -> [Float] {
      parts.first { $0.name.hasSuffix(suffix) }?.values ?? []
    }
    func product(_ b: [Float], _ a: [Float], rank: Int, columns: Int) -> [Float] {
      (0..<b.count / rank * columns).map { index in
        (0..<rank).reduce(0) {
          $0 + b[index / columns * rank + $1] * a[$1 * columns + index % columns]
        }
      }
    }
    func scaled(_ name: String, width: Int) -> [Float] {
      zip(values(name + ".int8").indices, values(name + ".int8")).map {
        $1 * values(name + ".scale")[$0 / width]
      }
    }
    let change = product(values("q_proj.lora_b"), values("q_proj.lora_a"), rank: 3, columns: 32)
    let byteChange = product(
      scaled("down_proj.lora_b", width: 2), scaled("down_proj.lora_a", width: 48), rank: 2,
      columns: 48)
    for (stem, shape, change) in [
      (Self.query, [32, 32], change), (Self.down, [32, 48], byteChange),
    ] {
      let before = try plain.values(stem + ".weight", shape: shape)
      let after = try merged.values(stem + ".weight", shape: shape)
      #expect(relativeError(after, zip(before, change).map { $0 + $1 }) < 2e-3, "halves")
      #expect(relativeError(after, before) > 0.1)
    }

    let norm = try merged.vector("model.layers.1.input_layernorm.weight", count: 32)
    #expect(norm == values("input_layernorm.weight"))
    let same = "model.layers.1.self_attn.q_proj.weight"
    let before = try plain.values(same, shape: [32, 32])
    let after = try merged.values(same, shape: [32, 32])
    #expect(after == before)
  }

  @Test func layersWithABranchBecomeLightning() throws {
    let parts = parts(branch: true)
    let folder = try convert(parts)
    #expect(try mixers(folder) == ["lightning", "bounded"])
    let configuration = try ModelConfiguration(folder: folder)
    #expect(try configuration.size("window_tokens") == 12)
    #expect(try configuration.size("bounded_window_tokens") == 30)
    #expect(try configuration.number("key_gain_range") == 4)
    let weights = try ModelWeights(folder: folder)
    for part in parts where part.name.contains(".lightning.") {
      #expect(weights.type(of: part.name) == .float32)
      let found = try weights.values(part.name, shape: part.shape)
      #expect(found == part.values)
    }

    let model = try LanguageModel.load(folder: folder)
    #expect(model.description.layers == ["lightning", "bounded"])
    let logits = try model.logits(after: (0..<60).map { Int32($0 % 6) }, state: model.makeState())
    let finite = logits.filter(\.isFinite)
    #expect(finite.count == logits.count)
  }

  @Test func factorsAloneLeaveWindows() throws {
    let folder = try convert(parts(branch: false))
    #expect(try mixers(folder) == ["window", "bounded"])
    #expect(try ModelConfiguration(folder: folder).size("window_tokens") == 12)
    #expect(try mixers(try convert(nil)) == ["window", "bounded"])
  }

  private func reason(_ parts: [Part], changes: [String: JSONValue] = [:]) throws -> String {
    do {
      _ = try convert(parts, changes: changes)
      return "it was taken"
    } catch let error as ModelError {
      guard case .unusableAdapter = error else { return "another error: \(error)" }
      return "\(error)"
    }
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let good = parts(branch: true)
    #expect(try reason(good, changes: ["base_sha256": .string("f00")]).contains("f00"))
    #expect(try reason(good, changes: ["adapter_sha256": .string("f00")]).contains("damaged"))
    #expect(try reason(good, changes: ["format": .integer(2)]).contains("format"))
    #expect(try reason(good, changes: ["window_tokens": .string("many")]).contains("window_tokens"))
    #expect(try reason(good, changes: ["softmax_layers": .array([.integer(0)])]).contains("[0]"))
    #expect(try reason(good, changes: ["state_heads": .integer(4)]).contains("key_gain"))
    #expect(
      try reason(
        good + [Part(name: "model.layers.7.input_layernorm.weight", shape: [1], values: [1])]
      ).contains("layers.7"))
    #expect(
      try reason(good + [Part(name: "lm_head.lora_a", shape: [1, 1], values: [1])]).contains(
        "lm_head"))
    let slope = "model.layers.0.self_attn.lightning.slope"
    #expect(try reason(good.filter { $0.name != slope }).contains(slope))
    let factor = Self.query + ".lora_b"
    #expect(try reason(good.filter { $0.name != factor }).contains(factor))
    let scale = Self.down + ".lora_a.scale"
    #expect(try reason(good.filter { $0.name != scale }).contains(scale))
    let wide =
      good.filter { $0.name != factor } + [
        Part(name: factor, shape: [16, 3], values: [Float](repeating: 0, count: 48))
      ]
    #expect(try reason(wide).contains("[16, 3]"))
  }

  @Test func filesThatAreMissingAreNamed() throws {
    let path = directory.path + "/absent.safetensors"
    #expect(throws: ModelError.self) { try Adapter(path: path, baseSHA256: baseSHA256) }
    _ = try directory.write("absent.json", "[]")
    #expect(throws: ModelError.self) { try Adapter(path: path, baseSHA256: baseSHA256) }
  }
}
