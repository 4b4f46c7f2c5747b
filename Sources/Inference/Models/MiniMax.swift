import Foundation

/// MiniMax-Text-01 and MiniMax-M1 (arXiv 2501.08313, 2506.13585), in the authors'
/// layout and in the one that transformers writes.
enum MiniMax {
  static func build(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parallel: Parallel
  ) throws -> LanguageModel {
    let parts = try DecoderParts(configuration, tiedByDefault: false)
    let kinds = try layerKinds(configuration, count: parts.layerCount)
    let attention = try GroupedAttention(configuration, hidden: parts.hidden)
    let layers = try kinds.enumerated().map { index, isSoftmax in
      let prefix = "model.layers.\(index)."
      let mixer: any Mixer =
        isSoftmax
        ? try attention.mixer(weights, prefix + "self_attn.", .softmax)
        : try lightning(configuration, weights, parts, attention, index: index)
      return try parts.layer(
        weights, index, mixer: mixer,
        feedForward: try experts(configuration, weights, prefix, hidden: parts.hidden),
        mixerResidual: try residual(
          configuration, kind: isSoftmax ? "full_attention" : "linear_attention"),
        feedForwardResidual: try residual(configuration, kind: "mlp"))
    }

    return try parts.model(
      architecture: architecture(configuration), layers: layers, weights, parallel)
  }

  private static func architecture(_ configuration: ModelConfiguration) -> String {
    configuration.architectureNames.first ?? "MiniMaxText01ForCausalLM"
  }

  /// Written by transformers: other key names, and its own rounding of the slopes.
  private static func isTransformersLayout(_ configuration: ModelConfiguration) -> Bool {
    ["MiniMaxForCausalLM", "minimax"].contains(architecture(configuration))
  }

  /// True for softmax layers.
  private static func layerKinds(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    let kinds: [Bool]
    if let codes = try configuration.integers("attn_type_list") {
      if let unknown = codes.first(where: { $0 != 0 && $0 != 1 }) {
        throw ModelError.malformedConfiguration(
          key: "attn_type_list", reason: "holds \(unknown); 0 is lightning, 1 is softmax")
      }
      kinds = codes.map { $0 == 1 }
    } else if let names = try configuration.strings("layer_types") {
      kinds = try names.map { name in
        guard ["full_attention", "linear_attention"].contains(name) else {
          throw ModelError.malformedConfiguration(
            key: "layer_types",
            reason: "holds \(name); known are full_attention and linear_attention")
        }
        return name == "full_attention"
      }
    } else {
      throw ModelError.malformedConfiguration(key: "attn_type_list", reason: "is missing")
    }

    guard kinds.count == count else {
      throw ModelError.malformedConfiguration(
        key: "attn_type_list", reason: "has \(kinds.count) entries for \(count) layers")
    }

    return kinds
  }

  private static func residual(_ configuration: ModelConfiguration, kind: String) throws -> Residual
  {
    let short = kind.replacingOccurrences(of: "attention", with: "attn")
    return Residual(
      normed: try configuration.flag("postnorm", default: isTransformersLayout(configuration)),
      alpha: Float(
        try configuration.number("layernorm_\(kind)_alpha", "\(short)_alpha_factor", default: 1)),
      beta: Float(
        try configuration.number("layernorm_\(kind)_beta", "\(short)_beta_factor", default: 1)))
  }

  private static func lightning(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parts: DecoderParts,
    _ shape: GroupedAttention, index: Int
  ) throws -> LightningMixer {
    let prefix = "model.layers.\(index).self_attn."
    let heads = shape.attention.heads
    let headDim = shape.attention.headDim

    return LightningMixer(
      shape: LightningShape(heads: heads, keyHeads: heads, headDim: headDim),
      slopes: try slopes(
        configuration, weights, prefix, heads: heads, index: index, layers: parts.layerCount),
      projection: .interleaved(
        try Linear(
          weights, prefix + "qkv_proj", outputs: 3 * heads * headDim, inputs: parts.hidden)),
      activation: .siluOnAll,
      // 1e-6 is the authors' and transformers' class default; other engines hard-code 1e-5.
      norm: try RMSNorm(
        weights, prefix + "norm", count: heads * headDim,
        eps: try configuration.number(
          "lightning_norm_eps", in: ModelConfiguration.epsilons, default: 1e-6)),
      gate: try Linear(
        weights, prefix + "output_gate", outputs: heads * headDim, inputs: parts.hidden),
      out: try Linear(
        weights, prefix + "out_proj", outputs: parts.hidden, inputs: heads * headDim))
  }

  /// slope_h * f with f = 1 - layer / (layers - 1) + 1e-5: upper layers hardly decay.
  private static func slopes(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, heads: Int,
    index: Int, layers: Int
  ) throws -> [Float] {
    let transformers = isTransformersLayout(configuration)
    let span = Double(layers - 1) + (transformers ? 1e-5 : 0)
    let factor = (layers == 1 ? 1 : 1 - Double(index) / span) + 1e-5
    let isGeometric = configuration.string("lightning_slopes") == "geometric"
    let computed =
      (isGeometric ? LightningSlopes.geometric(heads: heads) : LightningSlopes.alibi(heads: heads))
      .map { Float($0 * factor) }
    guard transformers, weights.contains(prefix + "slope_rate") else { return computed }
    let stored = try weights.slopes(prefix + "slope_rate", shape: [heads, 1, 1])

    return isRounding(of: computed, stored) ? computed : stored
  }

  /// A folder saved by transformers states the slopes it was trained with, which for
  /// head counts that are no power of two are not ALiBi's. Where they are, the formula
  /// is better: the file's are rounded to the weights' type.
  private static func isRounding(of computed: [Float], _ stored: [Float]) -> Bool {
    zip(computed, stored).allSatisfy { abs($0 - $1) <= max(0.01 * $0, 1e-5) }
  }

  private static func experts(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, hidden: Int
  ) throws
    -> MixtureOfExperts
  {
    let count = try configuration.size("num_local_experts")
    let active = try configuration.size("num_experts_per_tok")
    guard active <= count else {
      throw ModelError.malformedConfiguration(
        key: "num_experts_per_tok", reason: "is \(active), more than the \(count) experts")
    }
    let intermediate = try configuration.size("intermediate_size", atMost: 1 << 20)

    return MixtureOfExperts(
      router: try Linear(
        weights, prefix + "block_sparse_moe.gate", outputs: count, inputs: hidden),
      routing: ExpertRouting(score: .softmax, active: active),
      experts: try (0..<count).map {
        try GatedMLP(
          weights, prefix + "block_sparse_moe.experts.\($0).", ("w1", "w3", "w2"),
          intermediate: intermediate, hidden: hidden)
      },
      shared: try shared(configuration, weights, prefix, hidden: hidden))
  }

  private static func shared(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, hidden: Int
  ) throws
    -> MixtureOfExperts.SharedExpert?
  {
    guard let stated = try configuration.optionalSize("shared_intermediate_size"), stated > 0 else {
      return nil
    }

    // The authors' code sizes it by intermediate_size, ports by shared_intermediate_size: the
    // tensor tells.
    let intermediate =
      weights.shape(of: prefix + "shared_mlp.gate_proj.weight")?.first { $0 > 0 } ?? stated
    let name = configuration.string("shared_moe_mode") ?? "sigmoid"
    guard let mode = MixtureOfExperts.SharedMode(rawValue: name) else {
      throw ModelError.malformedConfiguration(
        key: "shared_moe_mode", reason: "is \(name); known are sigmoid and softmax")
    }

    return MixtureOfExperts.SharedExpert(
      mlp: try GatedMLP(
        weights, prefix + "shared_mlp.", intermediate: intermediate, hidden: hidden),
      share: .mixed(
        coefficient: try Linear(weights, prefix + "coefficient", outputs: 1, inputs: hidden),
        mode: mode))
  }
}
