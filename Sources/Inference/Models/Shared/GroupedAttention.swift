/// Grouped-query attention (arXiv 2305.13245) as Llama and MiniMax's softmax layers
/// have it: `q_proj`, `k_proj`, `v_proj`, `o_proj`.
struct GroupedAttention {
  /// Elements of all heads, at most.
  private static let widest = 1 << 17

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
    guard heads * headDim <= Self.widest else {
      throw ModelError.malformedConfiguration(
        key: "head_dim",
        reason: "is \(headDim) in \(heads) heads; at most \(Self.widest) elements are supported")
    }
    self.hidden = hidden
    attention = Attention(
      heads: heads, keyHeads: keyHeads, headDim: headDim, scale: 1 / Float(headDim).squareRoot())
    rope = rotates ? try Self.rope(configuration, headDim: headDim) : nil
    bias = try configuration.flag("attention_bias", default: false)
  }

  static func rope(_ configuration: ModelConfiguration, headDim: Int) throws -> RotaryEmbedding {
    let parameters = configuration.object("rope_parameters")
    let theta = try RotaryScaling.theta(configuration)
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
      divisors: try configuration.numbers("rope_freq_divisors"), pairing: pairing)
  }

  func mixer(_ weights: ModelWeights, _ prefix: String, _ memory: KeyValueMemory) throws
    -> AttentionMixer
  {
    let width = attention.heads * attention.headDim
    let keyWidth = attention.keyHeads * attention.headDim
    let projection = AttentionProjection.separate(
      query: try Linear(weights, prefix + "q_proj", outputs: width, inputs: hidden, bias: bias),
      key: try Linear(weights, prefix + "k_proj", outputs: keyWidth, inputs: hidden, bias: bias),
      value: try Linear(
        weights, prefix + "v_proj", outputs: keyWidth, inputs: hidden, bias: bias))

    return AttentionMixer(
      memory: memory, projection: projection,
      out: try Linear(weights, prefix + "o_proj", outputs: hidden, inputs: width, bias: bias),
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
