import Foundation

/// HypeNet (HALO, arXiv 2601.22156; authors' modelling code): Qwen3 converted to lightning
/// layers with rotation and softmax layers without, whose queries grow with the position.
enum HypeNet {
  static func build(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ parallel: Parallel
  ) throws -> LanguageModel {
    let parts = try DecoderParts(configuration, tiedByDefault: false)
    guard try !configuration.flag("lightning_use_short_conv", default: false) else {
      throw ModelError.malformedConfiguration(
        key: "lightning_use_short_conv", reason: "is true, which no published model has")
    }
    let softmax = try GroupedAttention(
      configuration, hidden: parts.hidden, headDim: 128,
      rotates: try configuration.flag("attn_use_rope", default: true))
    let hybrid = LightningHybrid(
      configuration: configuration, weights: weights, parts: parts, softmax: softmax,
      lightning: try lightningShape(configuration, softmax.attention),
      headNorms: try configuration.flag("lightning_use_qk_norm", default: false),
      outputNorm: try configuration.flag("lightning_use_output_norm", default: false),
      outputGate: try configuration.flag("lightning_use_output_gate", default: false),
      softmaxNorms: true,
      softmaxGate: try configuration.flag("attn_use_output_gate", default: false),
      queryScaling: try queryScaling(configuration))
    let kinds = try LightningHybrid.kinds(
      configuration, layers: parts.layerCount, softmaxNames: ["attn"])
    let intermediate = try configuration.size("intermediate_size", atMost: 1 << 20)
    let layers = try kinds.enumerated().map { index, kind in
      let prefix = "model.layers.\(index)."
      return try parts.layer(
        weights, index, mixer: try hybrid.mixer(kind, prefix + "self_attn."),
        feedForward: try GatedMLP(
          weights, prefix + "mlp.", intermediate: intermediate, hidden: parts.hidden))
    }

    return try parts.model(architecture: "HypeNetForCausalLM", layers: layers, weights, parallel)
  }

  private static func lightningShape(_ configuration: ModelConfiguration, _ softmax: Attention)
    throws -> LightningShape
  {
    let heads = try configuration.size("lightning_nh", default: softmax.heads)
    let keyHeads = try configuration.size("lightning_nkv", default: softmax.keyHeads)
    guard heads <= 4096, heads % keyHeads == 0 else {
      throw ModelError.malformedConfiguration(
        key: "lightning_nkv", reason: "is \(keyHeads), which does not divide \(heads) heads")
    }

    return LightningShape(
      heads: heads, keyHeads: keyHeads,
      headDim: try configuration.size("lightning_head_dim", atMost: 1024, default: softmax.headDim))
  }

  /// `attn_logits_scaling`: nothing, a number, or "hype N" for ln(position + N) / ln(N).
  private static func queryScaling(_ configuration: ModelConfiguration) throws -> QueryScaling? {
    if let text = configuration.string("attn_logits_scaling") {
      let words = text.split(separator: " ")
      let base = words.count > 1 ? Double(words[1]) : 362  // the authors' default
      guard let base, base > 1 else {
        throw ModelError.malformedConfiguration(
          key: "attn_logits_scaling", reason: "is '\(text)'; known is a word and a number above 1")
      }
      return .logarithmic(base: base)
    }

    let stated = try configuration.number("attn_logits_scaling", default: 1)
    return stated == 1 ? nil : .constant(Float(stated))
  }
}
