import Foundation

/// Turns a GGUF file of a Llama model into a Hugging Face folder whose layers read
/// any length in constant memory.
public struct LlamaConversion: Sendable {
  /// Layers that keep a choice of tokens from the whole document; the others see a window.
  public let retrievalLayers: Set<Int>
  public let limits: BoundedLimits

  public init(retrievalLayers: Set<Int>, limits: BoundedLimits) {
    self.retrievalLayers = retrievalLayers
    self.limits = limits
  }

  /// Writes config.json, tokenizer.json and model.safetensors into `folder`, which exists.
  /// - Throws: `ModelError` when the file is not a Llama GGUF.
  public func convert(_ source: GGUFFile, into folder: String) throws {
    guard try source.string("general.architecture") == "llama" else {
      throw source.malformed("its architecture is not llama")
    }
    let shape = try LlamaShape(source)
    try writeWeights(source, shape, to: folder + "/model.safetensors")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(configuration(source, shape)).write(to: URL(fileURLWithPath: folder + "/config.json"))
    try GGUFTokenizer(source).json().write(to: URL(fileURLWithPath: folder + "/tokenizer.json"))
  }

  private func configuration(_ source: GGUFFile, _ shape: LlamaShape) throws -> [String: JSONValue] {
    [
      "architectures": .array([.string("LlamaForCausalLM")]),
      "model_type": .string("llama"),
      "hidden_size": .integer(shape.hidden),
      "intermediate_size": .integer(shape.intermediate),
      "num_hidden_layers": .integer(shape.layers),
      "num_attention_heads": .integer(shape.heads),
      "num_key_value_heads": .integer(shape.keyHeads),
      "vocab_size": .integer(shape.vocabulary),
      "max_position_embeddings": .integer(try source.integer("llama.context_length")),
      "rms_norm_eps": .number(Double("\(Float(try source.number("llama.attention.layer_norm_rms_epsilon")))") ?? 1e-5),
      "rope_theta": .number(try source.number("llama.rope.freq_base")),
      "tie_word_embeddings": .bool(true),
      "bos_token_id": .integer(try source.integer("tokenizer.ggml.bos_token_id")),
      "eos_token_id": .integer(try source.integer("tokenizer.ggml.eos_token_id")),
      "torch_dtype": .string("float16"),
      "layer_mixers": .array((0..<shape.layers).map { .string(retrievalLayers.contains($0) ? "bounded" : "window") }),
      "window_tokens": .integer(limits.window),
      "sink_tokens": .integer(limits.sinks),
      "kept_tokens": .integer(limits.kept),
    ]
  }

  private func writeWeights(_ source: GGUFFile, _ shape: LlamaShape, to path: String) throws {
    let tensors = shape.tensors
    // f16 keeps 11 bits of the dequantized weights where bf16 would keep 8.
    let writer = try SafetensorsWriter(
      path: path,
      entries: tensors.map { .init(name: $0.name, type: $0.shape.count == 1 ? .float32 : .float16, shape: $0.shape) })
    for tensor in tensors {
      var values = try source.values(tensor.source, shape: tensor.shape)
      if let heads = tensor.interleavedHeads { values = Self.deinterleaved(values, shape: tensor.shape, heads: heads) }
      try writer.write(tensor.name, values)
    }
    try writer.close()
  }

  /// GGUF stores a head's query and key rows with rotary pairs beside each other;
  /// Hugging Face folders have the first halves first.
  private static func deinterleaved(_ values: [Float], shape: [Int], heads: Int) -> [Float] {
    let (rows, columns) = (shape[0], shape[1])
    let headDim = rows / heads
    var result: [Float] = []
    result.reserveCapacity(values.count)
    for row in 0..<rows {
      let (head, inside) = (row / headDim, row % headDim)
      let (half, pair) = (inside / (headDim / 2), inside % (headDim / 2))
      let source = head * headDim + 2 * pair + half
      result += values[source * columns..<(source + 1) * columns]
    }
    return result
  }
}

/// A Llama GGUF's sizes and the tensors that follow from them.
private struct LlamaShape {
  let layers, hidden, intermediate, heads, keyHeads, vocabulary: Int

  struct TensorPlan {
    let source: String
    let name: String
    let shape: [Int]
    var interleavedHeads: Int?
  }

  init(_ source: GGUFFile) throws {
    layers = try source.size("llama.block_count", atMost: 4096)
    hidden = try source.size("llama.embedding_length")
    intermediate = try source.size("llama.feed_forward_length")
    heads = try source.size("llama.attention.head_count")
    keyHeads = try source.size("llama.attention.head_count_kv")
    vocabulary = try source.strings("tokenizer.ggml.tokens").count
    guard hidden % heads == 0, heads % keyHeads == 0, (hidden / heads) % 2 == 0 else {
      throw source.malformed("its head counts do not fit its width")
    }
  }

  var tensors: [TensorPlan] {
    let keyWidth = hidden / heads * keyHeads
    let outer = [
      TensorPlan(source: "token_embd.weight", name: "model.embed_tokens.weight", shape: [vocabulary, hidden]),
      TensorPlan(source: "output_norm.weight", name: "model.norm.weight", shape: [hidden]),
    ]
    return outer
      + (0..<layers).flatMap { layer -> [TensorPlan] in
        let (from, to) = ("blk.\(layer).", "model.layers.\(layer).")
        return [
          TensorPlan(source: from + "attn_norm.weight", name: to + "input_layernorm.weight", shape: [hidden]),
          TensorPlan(
            source: from + "attn_q.weight", name: to + "self_attn.q_proj.weight", shape: [hidden, hidden], interleavedHeads: heads),
          TensorPlan(
            source: from + "attn_k.weight", name: to + "self_attn.k_proj.weight", shape: [keyWidth, hidden], interleavedHeads: keyHeads),
          TensorPlan(source: from + "attn_v.weight", name: to + "self_attn.v_proj.weight", shape: [keyWidth, hidden]),
          TensorPlan(source: from + "attn_output.weight", name: to + "self_attn.o_proj.weight", shape: [hidden, hidden]),
          TensorPlan(source: from + "ffn_norm.weight", name: to + "post_attention_layernorm.weight", shape: [hidden]),
          TensorPlan(source: from + "ffn_gate.weight", name: to + "mlp.gate_proj.weight", shape: [intermediate, hidden]),
          TensorPlan(source: from + "ffn_up.weight", name: to + "mlp.up_proj.weight", shape: [intermediate, hidden]),
          TensorPlan(source: from + "ffn_down.weight", name: to + "mlp.down_proj.weight", shape: [hidden, intermediate]),
        ]
      }
  }
}
