/// What every decoder folder holds, whatever its mixers are.
struct DecoderParts {
  let hidden: Int
  let vocabulary: Int
  let layerCount: Int
  let eps: Double
  let tied: Bool
  /// Positions that rotary embeddings were trained on, or stretched to.
  private let positions: Int?

  init(_ configuration: ModelConfiguration, tiedByDefault: Bool) throws {
    hidden = try configuration.size("hidden_size", "decoder_embed_dim", atMost: 1 << 16)
    vocabulary = try configuration.size("vocab_size", atMost: 1 << 22)
    layerCount = try configuration.size("num_hidden_layers", "decoder_layers")
    guard layerCount <= 4096 else {
      throw ModelError.malformedConfiguration(
        key: "num_hidden_layers", reason: "is \(layerCount); at most 4096 is supported")
    }
    eps = try configuration.number(
      "rms_norm_eps", in: ModelConfiguration.epsilons, default: 1e-6)
    tied = try configuration.flag("tie_word_embeddings", default: tiedByDefault)
    positions = try Self.positions(configuration)
  }

  /// What YaRN stretches may be told by the unstretched length and a factor (arXiv 2309.00071).
  private static func positions(_ configuration: ModelConfiguration) throws -> Int? {
    guard let stated = try configuration.optionalSize("max_position_embeddings"), stated > 0 else {
      return nil
    }
    guard
      let scaling = configuration.object("rope_scaling") ?? configuration.object("rope_parameters"),
      scaling.string("rope_type", "type") == "yarn",
      let original = try scaling.optionalSize("original_max_position_embeddings")
    else { return stated }
    let stretched =
      Double(original)
      * (try scaling.number("factor", in: ModelConfiguration.stretches, default: 1))
    return max(stated, Int(exactly: stretched.rounded()) ?? stated)
  }

  /// The model around its layers, by default under the names `model.embed_tokens`,
  /// `model.norm` and `lm_head`.
  /// - Parameter context: where the layers end before the positions do.
  func model(
    architecture: String, layers: [DecoderLayer], _ weights: ModelWeights, _ parallel: Parallel,
    embedding name: String = "model.embed_tokens", norm: RMSNorm? = nil,
    scaling: StreamScaling = StreamScaling(), context: Int? = nil, notes: [String] = []
  ) throws -> LanguageModel {
    let embedding = try Linear(weights, name, outputs: vocabulary, inputs: hidden)
    let head =
      tied ? embedding : try Linear(weights, "lm_head", outputs: vocabulary, inputs: hidden)
    return try LanguageModel(
      description: description(architecture, layers, head, weights, context, notes),
      embedding: embedding,
      layers: layers,
      norm: norm ?? RMSNorm(weights, "model.norm", count: hidden, eps: eps), head: head,
      scaling: scaling, parallel: parallel)
  }

  private func description(
    _ architecture: String, _ layers: [DecoderLayer], _ head: Linear, _ weights: ModelWeights,
    _ context: Int?, _ notes: [String]
  ) -> ModelDescription {
    let trunk = layers.map(\.parameters).reduce(ParameterCount(all: 0), +)
    let counts = layers.contains(where: \.mixer.countsPositions)
    let ends = tied ? head.parameters : 2 * head.parameters
    return ModelDescription(
      architecture: architecture, layers: layers.map(\.mixer.kind.rawValue), hiddenSize: hidden,
      vocabularySize: vocabulary,
      parameters: trunk.total + ends, activeParameters: trunk.active + head.parameters,
      bytes: weights.byteCount,
      context: [context, counts ? positions : nil].compactMap(\.self).min(),
      notes: notes)
  }

  /// norm -> mixer -> + -> norm -> feed-forward -> +, under the usual names of the norms.
  func layer(
    _ weights: ModelWeights, _ index: Int, mixer: any Mixer, feedForward: any FeedForward,
    mixerResidual: Residual = .plain,
    feedForwardResidual: Residual = .plain
  ) throws -> DecoderLayer {
    let prefix = "model.layers.\(index)."
    return DecoderLayer(
      inputNorm: try RMSNorm(weights, prefix + "input_layernorm", count: hidden, eps: eps),
      mixer: mixer,
      mixerResidual: mixerResidual,
      postNorm: try RMSNorm(
        weights, prefix + "post_attention_layernorm", count: hidden, eps: eps),
      feedForward: feedForward, feedForwardResidual: feedForwardResidual)
  }
}
