/// The Ring/Ling linear line (Ring-linear report, arXiv 2510.19338; authors' modelling code):
/// lightning attention with norms on heads and partial rotation, a softmax layer at the end of
/// each group (grouped-query, or with latent keys and values from Ling 2.5 on), and experts
/// chosen by sigmoid within the best groups.
enum BailingLinear {
  static func build(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parallel: Parallel
  ) throws -> LanguageModel {
    try refuseRelatives(configuration)
    let parts = try DecoderParts(configuration, tiedByDefault: false)
    let attention = try GroupedAttention(configuration, hidden: parts.hidden)
    let group = try configuration.size("layer_group_size", default: 5)
    let layers = try (0..<parts.layerCount).map { index in
      let isSoftmax = (index + 1) % group == 0 || index >= parts.layerCount / group * group
      let prefix = "model.layers.\(index)."
      let mixer: any Mixer =
        isSoftmax
        ? try softmax(configuration, weights, prefix + "attention.", parts, attention)
        : try lightning(
          configuration, weights, prefix + "attention.", parts, attention, index: index)
      return try parts.layer(
        weights, index, mixer: mixer,
        feedForward: try feedForward(
          configuration, weights, prefix + "mlp.", parts.hidden, index: index))
    }

    return try parts.model(
      architecture: configuration.architectureNames.first ?? "BailingMoeLinearV2ForCausalLM",
      layers: layers, weights, parallel,
      embedding: "model.word_embeddings", notes: [slopeNote])
  }

  /// Nobody has published a measurement that decides between the two.
  private static let slopeNote =
    "decays count layers from 0, as the authors' serving code does; their Hugging Face code counts "
    + "from -1"

  /// Ling 3 shares a model_type and has other layers (KDA); options that nobody published are
  /// refused rather than guessed.
  private static func refuseRelatives(_ configuration: ModelConfiguration) throws {
    for key in ["short_conv_kernel_size", "kda_safe_gate", "no_kda_lora"]
    where configuration.values[key] ?? .null != .null {
      throw ModelError.malformedConfiguration(
        key: key, reason: "is that of Ling 3, whose linear layers are not lightning attention")
    }
    for key in ["linear_silu", "use_linear_silu", "use_bias", "use_qkv_bias"]
    where try configuration.flag(key, default: false) {
      throw ModelError.malformedConfiguration(key: key, reason: "is true, which is not supported")
    }
    let score = configuration.string("score_function", "scoring_func") ?? "sigmoid"
    guard score == "sigmoid", try configuration.flag("norm_topk_prob", default: true) else {
      throw ModelError.malformedConfiguration(
        key: "score_function", reason: "must be sigmoid with normalised weights")
    }
  }

  private static func headNorms(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, _ headDim: Int,
    _ eps: Double
  )
    throws -> (query: RMSNorm, key: RMSNorm)?
  {
    guard try configuration.flag("use_qk_norm", default: true) else { return nil }
    return (
      try RMSNorm(weights, prefix + "query_layernorm", count: headDim, eps: eps),
      try RMSNorm(weights, prefix + "key_layernorm", count: headDim, eps: eps)
    )
  }

  private static func lightning(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String,
    _ parts: DecoderParts, _ attention: GroupedAttention,
    index: Int
  ) throws -> LightningMixer {
    let heads = attention.attention.heads
    let headDim = attention.attention.headDim
    let shape = LightningShape(heads: heads, keyHeads: heads, headDim: headDim)
    let norms = try headNorms(configuration, weights, prefix, headDim, parts.eps)
    // The authors' Hugging Face code counts layers from -1 here, their serving code, vLLM and (as
    // quoted) their training code from 0; without published measurements serving decides.
    let offset = try configuration.number("slope_layer_offset", in: -1...0, default: 0)

    return LightningMixer(
      shape: shape,
      slopes: LightningSlopes.layered(
        heads: heads, layer: index, layers: parts.layerCount, offset: offset),
      projection: .blocks(
        try Linear(
          weights, prefix + "query_key_value", outputs: 3 * shape.width, inputs: parts.hidden)),
      queryNorm: norms?.query, keyNorm: norms?.key,
      rotation: attention.rope.map(LightningRotation.rope) ?? .none,
      scale: attention.attention.scale,
      norm: try RMSNorm(
        weights, prefix + "g_norm", count: shape.width,
        groups: try configuration.size("group_norm_size", default: 1), eps: parts.eps),
      gate: try Linear(weights, prefix + "g_proj", outputs: shape.width, inputs: parts.hidden),
      out: try Linear(weights, prefix + "dense", outputs: parts.hidden, inputs: shape.width))
  }

  private static func softmax(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String,
    _ parts: DecoderParts, _ shape: GroupedAttention
  ) throws -> any Mixer {
    if weights.contains(prefix + "kv_a_proj_with_mqa.weight") {
      return try LatentAttentionMixer(
        configuration, weights, prefix, hidden: parts.hidden, heads: shape.attention.heads)
    }

    let attention = shape.attention
    let width = attention.heads * attention.headDim
    let keyWidth = attention.keyHeads * attention.headDim
    let projection = AttentionProjection.fused(
      try Linear(
        weights, prefix + "query_key_value", outputs: width + 2 * keyWidth, inputs: parts.hidden)
    )
    let norms = try headNorms(configuration, weights, prefix, attention.headDim, parts.eps)

    return AttentionMixer(
      memory: .softmax, projection: projection,
      out: try Linear(weights, prefix + "dense", outputs: parts.hidden, inputs: width),
      attention: attention.computing(in: projection), rope: shape.rope, queryNorm: norms?.query,
      keyNorm: norms?.key)
  }

  private static func feedForward(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, _ hidden: Int,
    index: Int
  ) throws -> any FeedForward {
    let dense = try configuration.optionalSize("first_k_dense_replace") ?? 0
    guard index >= dense, let count = try configuration.optionalSize("num_experts"), count > 0
    else {
      return try GatedMLP(
        weights, prefix, intermediate: try configuration.size("intermediate_size", atMost: 1 << 20),
        hidden: hidden)
    }
    let width = try configuration.size("moe_intermediate_size", atMost: 1 << 20)
    let shared = prefix + "shared_experts."
    let sharedWidth = weights.shape(of: shared + "gate_proj.weight").flatMap {
      $0.count == 2 ? $0[0] : nil
    }

    return MixtureOfExperts(
      router: try Linear(weights, prefix + "gate", outputs: count, inputs: hidden),
      routing: try routing(configuration, weights, prefix, count: count),
      experts: try (0..<count).map {
        try GatedMLP(weights, prefix + "experts.\($0).", intermediate: width, hidden: hidden)
      },
      shared: try sharedExpert(
        configuration, weights, shared, width: sharedWidth ?? width, hidden: hidden))
  }

  private static func sharedExpert(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, width: Int,
    hidden: Int
  ) throws -> MixtureOfExperts.SharedExpert? {
    guard let count = try configuration.optionalSize("num_shared_experts"), count > 0 else {
      return nil
    }

    // In packed files the first dimension counts panels; the configuration tells the width.
    let stated = try configuration.size("moe_intermediate_size", atMost: 1 << 20) * count
    let isPacked = weights.isQuantized(prefix + "gate_proj")

    return .init(
      mlp: try GatedMLP(
        weights, prefix, intermediate: isPacked ? stated : width, hidden: hidden), share: .added)
  }

  private static func routing(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, count: Int
  ) throws
    -> ExpertRouting
  {
    let names = [prefix + "gate.expert_bias", prefix + "gate.e_score_correction_bias"]
    let bias = try names.first(where: weights.contains).map {
      try weights.vector($0, count: count)
    }
    let groups = try configuration.size("n_group", default: 1)
    guard count % groups == 0 else {
      throw ModelError.malformedConfiguration(
        key: "n_group", reason: "is \(groups), which does not divide \(count) experts")
    }

    return ExpertRouting(
      score: .sigmoid(
        // The authors' code leaves the weight of an expert that is alone as it is.
        bias: bias, normalised: try configuration.size("num_experts_per_tok") > 1,
        scale: Float(try configuration.number("routed_scaling_factor", default: 1))),
      active: min(count, try configuration.size("num_experts_per_tok")),
      groups: (groups, min(groups, try configuration.size("topk_group", default: groups))))
  }
}
