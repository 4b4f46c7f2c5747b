/// MiniMax-M2 (authors' modelling code): softmax attention throughout, norms over all heads'
/// queries and keys together, partial rotation, experts chosen by sigmoid and bias.
enum MiniMaxM2 {
  static func build(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parallel: Parallel
  ) throws -> LanguageModel {
    let parts = try DecoderParts(configuration, tiedByDefault: false)
    if let codes = try configuration.integers("attn_type_list"),
      let other = codes.first(where: { $0 != 1 })
    {
      throw ModelError.malformedConfiguration(
        key: "attn_type_list", reason: "holds \(other); MiniMax-M2 has softmax layers (1) only")
    }
    let attention = try GroupedAttention(configuration, hidden: parts.hidden)
    let layers = try (0..<parts.layerCount).map { index in
      let prefix = "model.layers.\(index)."
      return try parts.layer(
        weights, index,
        mixer: try mixer(attention, weights, prefix + "self_attn.", eps: parts.eps),
        feedForward: try experts(
          configuration, weights, prefix + "block_sparse_moe.", hidden: parts.hidden))
    }

    return try parts.model(
      architecture: "MiniMaxM2ForCausalLM", layers: layers, weights, parallel)
  }

  /// Norms are there where their weights are: engines disagree on the key's default.
  private static func mixer(
    _ shape: GroupedAttention, _ weights: ModelWeights, _ prefix: String, eps: Double
  ) throws -> AttentionMixer {
    var mixer = try shape.mixer(weights, prefix, .softmax)
    guard weights.contains(prefix + "q_norm.weight") else { return mixer }
    let attention = shape.attention
    mixer.queryNorm = try RMSNorm(
      weights, prefix + "q_norm", count: attention.heads * attention.headDim, eps: eps)
    mixer.keyNorm = try RMSNorm(
      weights, prefix + "k_norm", count: attention.keyHeads * attention.headDim, eps: eps)
    return mixer
  }

  private static func experts(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, hidden: Int
  ) throws
    -> MixtureOfExperts
  {
    let count = try configuration.size("num_local_experts")
    let intermediate = try configuration.size("intermediate_size", atMost: 1 << 20)
    let biasName = prefix + "e_score_correction_bias"
    let bias = weights.contains(biasName) ? try weights.vector(biasName, count: count) : nil
    let scoring = configuration.string("scoring_func") ?? "sigmoid"
    guard scoring == "sigmoid" else {
      throw ModelError.malformedConfiguration(
        key: "scoring_func", reason: "is \(scoring); sigmoid is supported")
    }

    return MixtureOfExperts(
      router: try Linear(weights, prefix + "gate", outputs: count, inputs: hidden),
      routing: ExpertRouting(
        score: .sigmoid(bias: bias, normalised: true, scale: 1),
        active: min(count, try configuration.size("num_experts_per_tok"))),
      experts: try (0..<count).map {
        try GatedMLP(
          weights, prefix + "experts.\($0).", ("w1", "w3", "w2"), intermediate: intermediate,
          hidden: hidden)
      },
      shared: nil)
  }
}
