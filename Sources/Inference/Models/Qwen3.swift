/// Qwen3's dense models (arXiv 2505.09388; layout of transformers' Qwen3ForCausalLM): Llama
/// with a norm on each head's queries and keys.
enum Qwen3 {
  static func build(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parallel: Parallel
  ) throws -> LanguageModel {
    let parts = try DecoderParts(configuration, tiedByDefault: false)
    guard try !configuration.flag("use_sliding_window", default: false) else {
      throw ModelError.malformedConfiguration(
        key: "use_sliding_window", reason: "is true; windows of Qwen3 are not supported")
    }
    // The published default is 128, whatever hidden_size / num_attention_heads is.
    let attention = try GroupedAttention(configuration, hidden: parts.hidden, headDim: 128)
    let memories = try LayerMemories(configuration, weights, attention.attention).parse(
      layers: parts.layerCount)
    let intermediate = try configuration.size("intermediate_size", atMost: 1 << 20)
    let layers = try memories.enumerated().map { index, memory in
      let prefix = "model.layers.\(index)."
      var mixer = try attention.mixer(weights, prefix + "self_attn.", memory)
      let headDim = attention.attention.headDim
      mixer.queryNorm = try RMSNorm(
        weights, prefix + "self_attn.q_norm", count: headDim, eps: parts.eps)
      mixer.keyNorm = try RMSNorm(
        weights, prefix + "self_attn.k_norm", count: headDim, eps: parts.eps)
      return try parts.layer(
        weights, index, mixer: mixer,
        feedForward: try GatedMLP(
          weights, prefix + "mlp.", intermediate: intermediate, hidden: parts.hidden))
    }

    return try parts.model(architecture: "Qwen3ForCausalLM", layers: layers, weights, parallel)
  }
}
