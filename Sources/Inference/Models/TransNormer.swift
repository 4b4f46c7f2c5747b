import Foundation

/// TransNormerLLM (arXiv 2307.14995; authors' modelling code): lightning attention in every
/// layer, norms without weights, a product in place of a sigmoid gate.
enum TransNormer {
  private static let eps = 1e-6  // fixed in the authors' code

  static func build(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parallel: Parallel
  ) throws -> LanguageModel {
    // Published files leave the key out, and their weights hold one matrix: tied.
    let parts = try DecoderParts(configuration, tiedByDefault: true)
    try refuseRelatives(configuration)
    let norm = RMSNorm(count: parts.hidden, eps: eps)
    let layers = try (0..<parts.layerCount).map { index in
      DecoderLayer(
        inputNorm: norm, mixer: try mixer(configuration, weights, parts, index: index),
        mixerResidual: .plain, postNorm: norm,
        feedForward: try feedForward(
          configuration, weights, "model.layers.\(index).channel_mixer.", parts.hidden),
        feedForwardResidual: .plain)
    }
    let scaled = try !configuration.flag("no_scale_embedding", default: false)

    return try parts.model(
      architecture: "TransnormerForCausalLM", layers: layers, weights, parallel, norm: norm,
      scaling: StreamScaling(embedding: scaled ? Float(parts.hidden).squareRoot() : 1))
  }

  /// Later models have the same name and other layers.
  private static func refuseRelatives(_ configuration: ModelConfiguration) throws {
    if configuration.values["gate_dim"] != nil {
      throw ModelError.malformedConfiguration(
        key: "gate_dim", reason: "is that of TransNormerLLM3, which is another architecture")
    }

    let norm = configuration.string("norm_type") ?? "simplermsnorm"
    guard norm == "simplermsnorm" else {
      throw ModelError.malformedConfiguration(
        key: "norm_type", reason: "is \(norm); simplermsnorm is supported")
    }
    guard try !configuration.flag("bias", default: false) else {
      throw ModelError.malformedConfiguration(
        key: "bias", reason: "is true; projections without bias are supported")
    }
  }

  private static func mixer(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parts: DecoderParts, index: Int
  ) throws
    -> LightningMixer
  {
    let prefix = "model.layers.\(index).token_mixer."
    let heads = try configuration.size("decoder_attention_heads", atMost: 4096)
    let inner = try configuration.size("hidden_dim", atMost: 1 << 20)
    guard inner % heads == 0 else {
      throw ModelError.malformedConfiguration(
        key: "hidden_dim", reason: "is \(inner), which \(heads) heads do not divide")
    }
    guard inner / heads <= 1024 else {
      throw ModelError.malformedConfiguration(
        key: "decoder_attention_heads",
        reason: "gives heads of \(inner / heads) elements; at most 1024 are supported")
    }
    let shape = LightningShape(heads: heads, keyHeads: heads, headDim: inner / heads)

    return LightningMixer(
      shape: shape,
      slopes: LightningSlopes.layered(heads: heads, layer: index, layers: parts.layerCount),
      projection: .blocksWithFactor(
        try Linear(weights, prefix + "qkvu_proj", outputs: 4 * inner, inputs: parts.hidden)),
      activation: try activation(configuration),
      rotation: try rotation(configuration, weights, prefix, shape, index: index),
      norm: RMSNorm(count: inner, eps: eps),
      out: try Linear(weights, prefix + "out_proj", outputs: parts.hidden, inputs: inner))
  }

  private static func activation(_ configuration: ModelConfiguration) throws -> LightningActivation
  {
    switch configuration.string("linear_act_fun") ?? "silu" {
    case "silu", "swish": return .onQueriesAndKeys(.silu)
    case "relu": return .onQueriesAndKeys(.relu)
    case "none": return .none
    case let other:
      throw ModelError.malformedConfiguration(
        key: "linear_act_fun", reason: "is \(other); known are silu, swish, relu and none")
    }
  }

  private static func rotation(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String,
    _ shape: LightningShape, index: Int
  ) throws -> LightningRotation {
    let list = try configuration.integers("linear_use_lrpe_list") ?? []
    let single = try configuration.optionalSize("linear_use_lrpe") ?? 0
    guard index < list.count || list.isEmpty else {
      throw ModelError.malformedConfiguration(
        key: "linear_use_lrpe_list", reason: "has \(list.count) entries, fewer than layers")
    }
    guard (list.isEmpty ? single : list[index]) != 0 else { return .none }

    return .lrpe(
      LinearizedPositions(
        angles: try weights.values(
          prefix + "lrpe.theta", shape: [shape.heads, 1, shape.headDim])))
  }

  private static func feedForward(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, _ hidden: Int
  ) throws
    -> GatedMLP
  {
    let isHidden = configuration.values["glu_dim"] == .integer(-1)
    return try GatedMLP(
      weights, prefix, ("l1", "l2", "l3"),
      intermediate: isHidden
        ? hidden : configuration.size("glu_dim", atMost: 1 << 20, default: 2816),
      hidden: hidden, activation: .none)
  }
}
