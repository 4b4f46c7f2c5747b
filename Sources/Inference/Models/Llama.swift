/// Llama (arXiv 2302.13971; layout of transformers' LlamaForCausalLM).
///
/// `layer_mixers` in config.json may give each layer another memory than full
/// softmax attention, which is how a Llama model reads any length in constant
/// memory: see `KeyValueMemory`.
enum Llama {
  static func build(
    _ configuration: ModelConfiguration, _ checkpoint: Checkpoint, _ parallel: Parallel
  ) throws -> LanguageModel {
    let parts = try DecoderParts(configuration, tiedByDefault: false)
    let attention = try LlamaAttention(configuration, hidden: parts.hidden)
    let memories = try LlamaMemories(configuration, checkpoint, attention.attention).parse(
      layers: parts.layerCount)
    let intermediate = try configuration.size("intermediate_size")
    let layers = try memories.enumerated().map { index, memory in
      let prefix = "model.layers.\(index)."
      return try parts.layer(
        checkpoint, index, mixer: try attention.mixer(checkpoint, prefix + "self_attn.", memory),
        feedForward: try GatedMLP(
          checkpoint, prefix + "mlp.", intermediate: intermediate, hidden: parts.hidden))
    }

    return try parts.model(architecture: "LlamaForCausalLM", layers: layers, checkpoint, parallel)
  }
}

/// Grouped-query attention (arXiv 2305.13245) as Llama and MiniMax's softmax layers
/// have it: `q_proj`, `k_proj`, `v_proj`, `o_proj`.
struct LlamaAttention {
  let hidden: Int
  let attention: Attention
  let rope: RotaryEmbedding?
  let bias: Bool

  /// - Parameter rotates: false for layers without rotary positions.
  init(
    _ configuration: ModelConfiguration, hidden: Int, headDim stated: Int? = nil,
    rotates: Bool = true
  ) throws {
    let heads = try configuration.size("num_attention_heads", atMost: 4096)
    let keyHeads = try configuration.size("num_key_value_heads", default: heads)
    guard heads % keyHeads == 0 else {
      throw ModelError.malformedConfiguration(
        key: "num_key_value_heads",
        reason: "is \(keyHeads), which does not divide num_attention_heads \(heads)")
    }
    let headDim = try configuration.size(
      "head_dim", atMost: 1024, default: stated ?? max(1, hidden / heads))
    self.hidden = hidden
    attention = Attention(
      heads: heads, keyHeads: keyHeads, headDim: headDim, scale: 1 / Float(headDim).squareRoot())
    rope = rotates ? try Self.rope(configuration, headDim: headDim) : nil
    bias = try configuration.flag("attention_bias", default: false)
  }

  static func rope(_ configuration: ModelConfiguration, headDim: Int) throws -> RotaryEmbedding {
    let parameters = configuration.object("rope_parameters")
    let theta =
      try parameters?.number("rope_theta", default: 10_000)
      ?? configuration.number("rope_theta", default: 10_000)
    let share = try configuration.number(
      "partial_rotary_factor", default: parameters?.number("partial_rotary_factor", default: 1) ?? 1
    )
    guard share > 0, share <= 1 else {
      throw ModelError.malformedConfiguration(
        key: "partial_rotary_factor", reason: "is \(share), but must be within 0 and 1")
    }
    let rotary = try configuration.size("rotary_dim", default: max(1, Int(Double(headDim) * share)))
    guard rotary <= headDim else {
      throw ModelError.malformedConfiguration(
        key: "rotary_dim", reason: "is \(rotary), more than the head's \(headDim)")
    }
    let pairing: RotaryEmbedding.Pairing =
      try configuration.flag("rope_interleaved", default: false) ? .neighbours : .halves

    return try RotaryEmbedding(
      rotary: rotary, theta: theta, scaling: configuration.object("rope_scaling") ?? parameters,
      pairing: pairing)
  }

  func mixer(_ checkpoint: Checkpoint, _ prefix: String, _ memory: KeyValueMemory) throws
    -> AttentionMixer
  {
    let width = attention.heads * attention.headDim
    let keyWidth = attention.keyHeads * attention.headDim
    let projection = AttentionProjection.separate(
      query: try Linear(checkpoint, prefix + "q_proj", outputs: width, inputs: hidden, bias: bias),
      key: try Linear(checkpoint, prefix + "k_proj", outputs: keyWidth, inputs: hidden, bias: bias),
      value: try Linear(
        checkpoint, prefix + "v_proj", outputs: keyWidth, inputs: hidden, bias: bias))

    return AttentionMixer(
      memory: memory, projection: projection,
      out: try Linear(checkpoint, prefix + "o_proj", outputs: hidden, inputs: width, bias: bias),
      attention: attention.computing(in: projection), rope: rope)
  }
}

extension Attention {
  /// Attention as precise as the projections around it.
  func computing(in projection: AttentionProjection) -> Attention {
    var copy = self
    copy.integer = projection.isQuantized
    return copy
  }
}

/// Each layer's memory, from `layer_mixers`, the sizes beside it and the linear branches' tensors.
struct LlamaMemories {
  let configuration: ModelConfiguration
  let checkpoint: Checkpoint
  let attention: Attention

  init(_ configuration: ModelConfiguration, _ checkpoint: Checkpoint, _ attention: Attention) {
    self.configuration = configuration
    self.checkpoint = checkpoint
    self.attention = attention
  }

  func parse(layers: Int) throws -> [KeyValueMemory] {
    guard let names = try configuration.strings("layer_mixers") else {
      return Array(repeating: .softmax, count: layers)
    }
    guard names.count == layers else {
      throw ModelError.malformedConfiguration(
        key: "layer_mixers", reason: "has \(names.count) entries for \(layers) layers")
    }
    return try names.enumerated().map { try memory($1, layer: $0) }
  }

  private func memory(_ name: String, layer: Int) throws -> KeyValueMemory {
    switch MixerKind(rawValue: name) {
    case .softmax: return .softmax
    case .window: return .window(size: try window(), sinks: try sinks())
    case .bounded:
      let kept = try configuration.size("kept_tokens", atMost: Self.mostTokens)
      // The layers that choose what they keep may see more of what is near.
      let near = try configuration.size(
        "bounded_window_tokens", atMost: Self.mostTokens, default: try window())
      return .bounded(BoundedLimits(sinks: try sinks(), kept: kept, window: near))
    case .lightning:
      let range = try configuration.number("key_gain_range", default: 8)
      let prefix = "model.layers.\(layer).self_attn.lightning."
      let branch = try LightningBranch(checkpoint, prefix, attention, gainRange: Float(range))
      return .lightning(size: try window(), sinks: try sinks(), branch)
    case nil:
      throw ModelError.malformedConfiguration(
        key: "layer_mixers",
        reason: "names \(name); a Llama layer can be softmax, window, bounded or lightning")
    }
  }

  private static let mostTokens = 1 << 20

  private func window() throws -> Int {
    try configuration.size("window_tokens", atMost: Self.mostTokens)
  }
  private func sinks() throws -> Int {
    try configuration.optionalSize("sink_tokens").map { min($0, 4096) } ?? 0
  }
}
