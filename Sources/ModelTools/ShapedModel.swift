import Inference
import Foundation

/// A MiniMax-01-shaped hybrid of 130M parameters with random weights: every eighth of 24 layers
/// softmax, the others lightning, one expert. Its speed is that of a trained model of this shape.
package enum ShapedModel {
  private static let hidden = 576
  private static let layers = 24
  private static let heads = 9
  private static let keyHeads = 3
  private static let headDim = 64
  private static let intermediate = 1536
  private static let vocabulary = 49_152
  private static func isSoftmax(_ layer: Int) -> Bool { (layer + 1) % 8 == 0 }

  /// Writes config.json and 8-bit weights into `folder`, which must not exist.
  /// - Throws: what writing files throws.
  package static func write(to folder: String) throws {
    let wide = folder + ".wide-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: wide, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: wide) }
    try JSONEncoder().encode(configuration).write(to: URL(fileURLWithPath: wide + "/config.json"))
    let writer = try SafetensorsWriter(path: wide + "/model.safetensors", entries: entries)
    var random = LinearCongruential(state: 1)
    for entry in entries {
      let count = entry.shape.reduce(1, *)
      let (center, spread): (Float, Float) = entry.shape.count == 1 ? (1, 0.1) : (0, 0.035)
      try writer.write(entry.name, (0..<count).map { _ in center + spread * random.next() })
    }

    try writer.close()
    try ModelQuantization(.int8).convert(wide, to: folder)
  }

  private static var configuration: [String: JSONValue] {
    [
      "architectures": .array([.string("MiniMaxText01ForCausalLM")]),
      "hidden_size": .integer(hidden),
      "num_hidden_layers": .integer(layers),
      "num_attention_heads": .integer(heads), "num_key_value_heads": .integer(keyHeads),
      "head_dim": .integer(headDim),
      "intermediate_size": .integer(intermediate), "num_local_experts": .integer(1),
      "num_experts_per_tok": .integer(1),
      "vocab_size": .integer(vocabulary), "rms_norm_eps": .number(1e-6),
      "rope_theta": .integer(10_000_000), "postnorm": .bool(true),
      "tie_word_embeddings": .bool(true),
      "attn_type_list": .array((0..<layers).map { .integer(isSoftmax($0) ? 1 : 0) }),
    ]
  }

  private static var entries: [SafetensorsWriter.Entry] {
    let width = heads * headDim
    var shapes: [(String, [Int])] = [
      ("model.embed_tokens.weight", [vocabulary, hidden]), ("model.norm.weight", [hidden]),
    ]
    for layer in 0..<layers {
      let prefix = "model.layers.\(layer)."
      let attention: [(String, [Int])] =
        isSoftmax(layer)
        ? [
          ("q_proj", [width, hidden]), ("k_proj", [keyHeads * headDim, hidden]),
          ("v_proj", [keyHeads * headDim, hidden]),
          ("o_proj", [hidden, width]),
        ]
        : [
          ("qkv_proj", [3 * width, hidden]), ("output_gate", [width, hidden]), ("norm", [width]),
          ("out_proj", [hidden, width]),
        ]
      shapes += attention.map { (prefix + "self_attn.\($0.0).weight", $0.1) }
      shapes += [
        (prefix + "input_layernorm.weight", [hidden]),
        (prefix + "post_attention_layernorm.weight", [hidden]),
        (prefix + "block_sparse_moe.gate.weight", [1, hidden]),
        (prefix + "block_sparse_moe.experts.0.w1.weight", [intermediate, hidden]),
        (prefix + "block_sparse_moe.experts.0.w2.weight", [hidden, intermediate]),
        (prefix + "block_sparse_moe.experts.0.w3.weight", [intermediate, hidden]),
      ]
    }
    return shapes.map {
      SafetensorsWriter.Entry(name: $0.0, type: $0.1.count == 1 ? .float32 : .bfloat16, shape: $0.1)
    }
  }

  /// Numbers in -1 ..< 1, the same on every host (Knuth's MMIX constants).
  private struct LinearCongruential {
    var state: UInt64

    mutating func next() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 23) - 1
    }
  }
}
