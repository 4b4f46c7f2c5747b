package import Inference
import Foundation

/// Turns a GGUF file of a Llama model into a Hugging Face folder whose layers read
/// any length in constant memory.
package struct LlamaConversion: Sendable {
  /// Layers that keep a choice of tokens from the whole document; the others see a window.
  package let retrievalLayers: Set<Int>
  package let limits: BoundedLimits

  package init(retrievalLayers: Set<Int>, limits: BoundedLimits) {
    self.retrievalLayers = retrievalLayers
    self.limits = limits
  }

  /// Writes config.json, tokenizer.json and model.safetensors into `folder`, which exists.
  ///
  /// - Parameter adapter: what training changed: it is merged into the weights, and layers that
  ///   it has a linear branch for get one.
  /// - Throws: `ModelError` when the file is not a Llama GGUF, or the adapter does not fit it.
  package func convert(_ source: GGUFFile, adapter: Adapter? = nil, into folder: String) throws {
    let shape = try Self.shape(of: source)
    if let adapter { try fit(adapter, shape).check() }
    try Self.write(
      source, shape, adapter, mixers: mixers(adapter, layers: shape.layers), into: folder)
  }

  /// The same with softmax attention in all layers, as the base model has it.
  /// - Throws: `ModelError` when the file is not a Llama GGUF.
  package static func convertUnchanged(_ source: GGUFFile, into folder: String) throws {
    try write(source, try shape(of: source), nil, mixers: [:], into: folder)
  }

  private static func shape(of source: GGUFFile) throws -> LlamaShape {
    guard try source.string("general.architecture") == "llama" else {
      throw source.malformed("its architecture is not llama")
    }
    return try LlamaShape(source)
  }

  private static func write(
    _ source: GGUFFile, _ shape: LlamaShape, _ adapter: Adapter?, mixers: [String: JSONValue],
    into folder: String
  ) throws {
    try writeWeights(source, shape, adapter, to: folder + "/model.safetensors")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let values = try configuration(source, shape).merging(mixers) { $1 }
    try encoder.encode(values).write(to: URL(fileURLWithPath: folder + "/config.json"))
    try GGUFTokenizer(source).json().write(to: URL(fileURLWithPath: folder + "/tokenizer.json"))
  }

  private static func configuration(_ source: GGUFFile, _ shape: LlamaShape) throws -> [String:
    JSONValue]
  {
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
      "rms_norm_eps": .number(
        Double("\(Float(try source.number("llama.attention.layer_norm_rms_epsilon")))") ?? 1e-5),
      "rope_theta": .number(try source.number("llama.rope.freq_base")),
      "tie_word_embeddings": .bool(true),
      "bos_token_id": .integer(try source.integer("tokenizer.ggml.bos_token_id")),
      "eos_token_id": .integer(try source.integer("tokenizer.ggml.eos_token_id")),
      "torch_dtype": .string("float16"),
    ]
  }

  /// Each layer's mixer, and the sizes that they share. An adapter's window is that of its
  /// training; layers that choose what they keep go on seeing as much as without one.
  private func mixers(_ adapter: Adapter?, layers: Int) -> [String: JSONValue] {
    let branches = adapter?.branchLayers ?? []
    let kinds = (0..<layers).map {
      retrievalLayers.contains($0)
        ? MixerKind.bounded : branches.contains($0) ? .lightning : .window
    }
    var values: [String: JSONValue] = [
      "layer_mixers": .array(kinds.map { .string($0.rawValue) }),
      "window_tokens": .integer(limits.window), "sink_tokens": .integer(limits.sinks),
      "kept_tokens": .integer(limits.kept),
    ]
    guard let description = adapter?.description else { return values }
    values["window_tokens"] = .integer(description.windowTokens)
    values["bounded_window_tokens"] = .integer(limits.window)
    values["sink_tokens"] = .integer(description.sinkTokens)
    values["key_gain_range"] = .number(description.keyGainRange)

    return values
  }

  private func fit(_ adapter: Adapter, _ shape: LlamaShape) -> AdapterFit {
    AdapterFit(
      adapter: adapter,
      shapes: Dictionary(uniqueKeysWithValues: shape.tensors.map { ($0.name, $0.shape) }),
      heads: shape.heads,
      keyHeads: shape.keyHeads, headDim: shape.hidden / shape.heads,
      retrievalLayers: retrievalLayers)
  }

  private static func writeWeights(
    _ source: GGUFFile, _ shape: LlamaShape, _ adapter: Adapter?, to path: String
  ) throws {
    let tensors = shape.tensors
    let branches = adapter?.branchTensors ?? []
    // f16 keeps 11 bits of the dequantized weights where bf16 would keep 8.
    let entries: [SafetensorsWriter.Entry] = tensors.map {
      .init(name: $0.name, type: $0.shape.count == 1 ? .float32 : .float16, shape: $0.shape)
    }
    let writer = try SafetensorsWriter(
      path: path,
      entries: entries + branches.map { .init(name: $0.name, type: .float32, shape: $0.shape) })
    for tensor in tensors {
      var values = try source.values(tensor.source, shape: tensor.shape)
      if let heads = tensor.interleavedHeads {
        values = deinterleaved(values, shape: tensor.shape, heads: heads)
      }
      // Factors follow the folder's order of rows, not the file's.
      if let adapter { values = adapter.merged(values, name: tensor.name, shape: tensor.shape) }
      try writer.write(tensor.name, values)
    }

    for branch in branches {
      try writer.write(branch.name, branch.rows(0, count: branch.shape.dropLast().reduce(1, *)))
    }

    try writer.close()
  }

  /// GGUF stores a head's query and key rows with rotary pairs beside each other;
  /// Hugging Face folders have the first halves first.
  private static func deinterleaved(_ values: [Float], shape: [Int], heads: Int) -> [Float] {
    let rows = shape[0]
    let columns = shape[1]
    let headDim = rows / heads
    var result: [Float] = []
    result.reserveCapacity(values.count)
    for row in 0..<rows {
      let head = row / headDim
      let inside = row % headDim
      let half = inside / (headDim / 2)
      let pair = inside % (headDim / 2)
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
      TensorPlan(
        source: "token_embd.weight", name: "model.embed_tokens.weight", shape: [vocabulary, hidden]),
      TensorPlan(source: "output_norm.weight", name: "model.norm.weight", shape: [hidden]),
    ]
    return outer
      + (0..<layers).flatMap { layer -> [TensorPlan] in
        let from = "blk.\(layer)."
        let to = "model.layers.\(layer)."
        return [
          TensorPlan(
            source: from + "attn_norm.weight", name: to + "input_layernorm.weight", shape: [hidden]),
          TensorPlan(
            source: from + "attn_q.weight", name: to + "self_attn.q_proj.weight",
            shape: [hidden, hidden], interleavedHeads: heads),
          TensorPlan(
            source: from + "attn_k.weight", name: to + "self_attn.k_proj.weight",
            shape: [keyWidth, hidden], interleavedHeads: keyHeads),
          TensorPlan(
            source: from + "attn_v.weight", name: to + "self_attn.v_proj.weight",
            shape: [keyWidth, hidden]),
          TensorPlan(
            source: from + "attn_output.weight", name: to + "self_attn.o_proj.weight",
            shape: [hidden, hidden]),
          TensorPlan(
            source: from + "ffn_norm.weight", name: to + "post_attention_layernorm.weight",
            shape: [hidden]),
          TensorPlan(
            source: from + "ffn_gate.weight", name: to + "mlp.gate_proj.weight",
            shape: [intermediate, hidden]),
          TensorPlan(
            source: from + "ffn_up.weight", name: to + "mlp.up_proj.weight",
            shape: [intermediate, hidden]),
          TensorPlan(
            source: from + "ffn_down.weight", name: to + "mlp.down_proj.weight",
            shape: [hidden, intermediate]),
        ]
      }
  }
}
