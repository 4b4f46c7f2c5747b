import Foundation

/// MiniCPM-SALA (OpenBMB, 2026; authors' modelling code): lightning layers and softmax layers
/// under muP's scaling.
///
/// From `sparse_config.dense_len` tokens on the published model lets each token of its softmax
/// layers see 96 chosen blocks of 64 (InfLLM-V2); here they stay dense, which is exact below
/// and for tokens before position 6,144, and more attention than the authors' beyond.
enum MiniCPMSALA {
  static func build(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parallel: Parallel
  ) throws -> LanguageModel {
    let parts = try DecoderParts(configuration, tiedByDefault: false)
    let softmax = try GroupedAttention(
      softmaxConfiguration(configuration), hidden: parts.hidden,
      rotates: try configuration.flag("attn_use_rope", default: false))
    let hybrid = LightningHybrid(
      configuration: configuration, weights: weights, parts: parts, softmax: softmax,
      lightning: try lightningShape(configuration, softmax.attention, hidden: parts.hidden),
      headNorms: try configuration.flag("qk_norm", default: true),
      outputNorm: try configuration.flag("use_output_norm", default: true),
      outputGate: try configuration.flag("use_output_gate", default: true), softmaxNorms: false,
      softmaxGate: try configuration.flag("attn_use_output_gate", default: true), queryScaling: nil)
    let kinds = try LightningHybrid.kinds(
      configuration, layers: parts.layerCount,
      softmaxNames: ["minicpm4", "minicpm", "standard", "attention", "attn"])
    let intermediate = try configuration.size("intermediate_size", atMost: 1 << 20)
    let depth = try configuration.number("scale_depth", default: 1.4)
    let residual = Residual(
      normed: false, alpha: 1, beta: Float(depth / Double(parts.layerCount).squareRoot()))
    let layers = try kinds.enumerated().map { index, kind in
      let prefix = "model.layers.\(index)."
      return try parts.layer(
        weights, index, mixer: try hybrid.mixer(kind, prefix + "self_attn."),
        feedForward: try GatedMLP(
          weights, prefix + "mlp.", intermediate: intermediate, hidden: parts.hidden),
        mixerResidual: residual, feedForwardResidual: residual)
    }
    let base = try configuration.number("dim_model_base", default: 256)

    return try parts.model(
      architecture: "MiniCPMSALAForCausalLM", layers: layers, weights, parallel,
      scaling: StreamScaling(
        embedding: Float(try configuration.number("scale_emb", default: 12)),
        head: Float(base / Double(parts.hidden))),
      context: try denseLength(configuration), notes: try notes(configuration))
  }

  /// Tokens up to which the published model's softmax layers see all of them.
  private static func denseLength(_ configuration: ModelConfiguration) throws -> Int? {
    try configuration.object("sparse_config")?.size("dense_len", default: 8192)
  }

  private static func notes(_ configuration: ModelConfiguration) throws -> [String] {
    guard let length = try denseLength(configuration) else { return [] }
    return [
      "softmax layers attend to all tokens; from \(length) tokens on the published model chooses "
        + "blocks of them, so no more are read here"
    ]
  }

  /// Softmax layers divide the hidden size by the heads; `head_dim` is the lightning layers'.
  private static func softmaxConfiguration(_ configuration: ModelConfiguration)
    -> ModelConfiguration
  {
    var values = configuration.values
    values["head_dim"] = nil
    return ModelConfiguration(values)
  }

  /// The authors' code takes the softmax layers' number of heads and does not read `lightning_nh`.
  private static func lightningShape(
    _ configuration: ModelConfiguration, _ softmax: Attention, hidden: Int
  ) throws -> LightningShape {
    let headDim = try configuration.size("head_dim", atMost: 1024, default: hidden / softmax.heads)
    for (key, value) in [("lightning_nh", softmax.heads), ("lightning_head_dim", headDim)] {
      let stated = try configuration.size(key, default: value)
      guard stated == value else {
        throw ModelError.malformedConfiguration(
          key: key, reason: "is \(stated) where the softmax layers say \(value)")
      }
    }

    let keyHeads = try configuration.size("lightning_nkv", default: softmax.keyHeads)
    guard softmax.heads % keyHeads == 0 else {
      throw ModelError.malformedConfiguration(
        key: "lightning_nkv", reason: "is \(keyHeads), which does not divide \(softmax.heads) heads"
      )
    }

    return LightningShape(heads: softmax.heads, keyHeads: keyHeads, headDim: headDim)
  }
}
