@testable import ModelTools
import Foundation

@testable package import Inference

/// Writes small random Llama folders.
package struct RandomModel {
  package var layers = 2
  package var hidden = 32
  package var heads = 4
  package var keyHeads = 2
  package var intermediate = 48
  package var vocabulary = 64
  package var extra: [String: JSONValue] = [:]

  package init(extra: [String: JSONValue] = [:]) { self.extra = extra }

  package var configuration: [String: JSONValue] {
    [
      "architectures": .array([.string("LlamaForCausalLM")]), "hidden_size": .integer(hidden),
      "intermediate_size": .integer(intermediate), "num_hidden_layers": .integer(layers),
      "num_attention_heads": .integer(heads), "num_key_value_heads": .integer(keyHeads),
      "vocab_size": .integer(vocabulary),
      "rms_norm_eps": .number(1e-5), "rope_theta": .integer(10_000),
      "tie_word_embeddings": .bool(true),
    ].merging(extra) { $1 }
  }

  /// Of the linear branches that `layer_mixers` asks for: a state for each key head.
  private var branches: [(String, [Int])] {
    guard case .array(let mixers) = extra["layer_mixers"] else { return [] }
    return mixers.indices.filter { mixers[$0] == .string("lightning") }.flatMap {
      Self.branch(layer: $0, heads, keyHeads, hidden / heads)
    }
  }

  /// Names and shapes of a branch's tensors, with twice 4 features.
  package static func branch(layer: Int, _ heads: Int, _ states: Int, _ headDim: Int) -> [(
    String, [Int]
  )] {
    let prefix = "model.layers.\(layer).self_attn.lightning."
    var sides: [(String, [Int])] = []
    for (name, count) in [("query", heads), ("key", states)] {
      sides.append((name + "_map", [count, headDim, 4]))
      sides.append((name + "_map_bias", [count, 4]))
      sides.append((name + "_gain", [count, headDim]))
      sides.append((name + "_gain_bias", [count]))
    }

    return (sides + [("slope", [states])]).map { (prefix + $0.0, $0.1) }
  }

  /// Weights near 1 in norms, decays from some ten tokens to hundreds, and else numbers around 0.
  package static func values(_ name: String, _ shape: [Int], _ random: inout SplitMix) -> [Float] {
    let count = shape.reduce(1, *)
    if name.hasSuffix(".slope") { return random.floats(count, in: 0.002...0.1) }
    if name.contains(".lightning.") { return random.floats(count, in: -1...1) }
    return shape.count == 1
      ? random.floats(count, in: 0.8...1.2) : random.floats(count, in: -0.3...0.3)
  }

  var tensors: [SafetensorsWriter.Entry] {
    let width = hidden / heads * keyHeads
    let shapes: [(String, [Int])] =
      [("model.embed_tokens.weight", [vocabulary, hidden]), ("model.norm.weight", [hidden])]
      + (0..<layers).flatMap { layer -> [(String, [Int])] in
        let prefix = "model.layers.\(layer)."
        return [
          (prefix + "input_layernorm.weight", [hidden]),
          (prefix + "post_attention_layernorm.weight", [hidden]),
          (prefix + "self_attn.q_proj.weight", [hidden, hidden]),
          (prefix + "self_attn.k_proj.weight", [width, hidden]),
          (prefix + "self_attn.v_proj.weight", [width, hidden]),
          (prefix + "self_attn.o_proj.weight", [hidden, hidden]),
          (prefix + "mlp.gate_proj.weight", [intermediate, hidden]),
          (prefix + "mlp.up_proj.weight", [intermediate, hidden]),
          (prefix + "mlp.down_proj.weight", [hidden, intermediate]),
        ]
      }
    return (shapes + branches).map {
      SafetensorsWriter.Entry(name: $0.0, type: .float32, shape: $0.1)
    }
  }

  package func write(
    to folder: String, without missing: String? = nil, adding more: [(String, [Int])] = []
  ) throws {
    try JSONEncoder().encode(configuration).write(to: URL(fileURLWithPath: folder + "/config.json"))
    var random = SplitMix(7)
    let added = more.map { SafetensorsWriter.Entry(name: $0.0, type: .float32, shape: $0.1) }
    let entries = tensors.filter { $0.name != missing } + added
    let writer = try SafetensorsWriter(path: folder + "/model.safetensors", entries: entries)
    for entry in entries {
      try writer.write(entry.name, Self.values(entry.name, entry.shape, &random))
    }

    try writer.close()
  }

  package func load() throws -> (model: LanguageModel, directory: TemporaryDirectory) {
    let directory = try TemporaryDirectory()
    try write(to: directory.path)
    return (try LanguageModel.load(folder: directory.path), directory)
  }
}
