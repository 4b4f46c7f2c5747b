/// Llama (arXiv 2302.13971; layout of transformers' LlamaForCausalLM).
///
/// `layer_mixers` in config.json may give each layer another memory than full
/// softmax attention, which is how a Llama model reads any length in constant
/// memory: see `KeyValueMemory`.
enum Llama {
  static func build(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parallel: Parallel
  ) throws -> LanguageModel {
    let parts = try DecoderParts(configuration, tiedByDefault: false)
    let attention = try GroupedAttention(configuration, hidden: parts.hidden)
    let memories = try LayerMemories(configuration, weights, attention.attention).parse(
      layers: parts.layerCount)
    let intermediate = try configuration.size("intermediate_size", atMost: 1 << 20)
    let layers = try memories.enumerated().map { index, memory in
      let prefix = "model.layers.\(index)."
      return try parts.layer(
        weights, index, mixer: try attention.mixer(weights, prefix + "self_attn.", memory),
        feedForward: try GatedMLP(
          weights, prefix + "mlp.", intermediate: intermediate, hidden: parts.hidden))
    }

    return try parts.model(architecture: "LlamaForCausalLM", layers: layers, weights, parallel)
  }
}
