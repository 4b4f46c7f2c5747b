import Foundation

/// The layers that MiniCPM-SALA and HypeNet share: lightning attention with ALiBi's slopes in
/// every layer alike, norms on heads, an output norm and a sigmoid gate; and softmax attention
/// without rotation and with a gate.
struct LightningHybrid {
  let configuration: ModelConfiguration
  let weights: ModelWeights
  let parts: DecoderParts
  let softmax: GroupedAttention
  let lightning: LightningShape
  /// For lightning layers, by the names of the two models' keys.
  let headNorms, outputNorm, outputGate: Bool
  /// For softmax layers.
  let softmaxNorms, softmaxGate: Bool
  let queryScaling: QueryScaling?

  enum Kind { case softmax, lightning }

  /// `mixer_types`, one a layer.
  static func kinds(_ configuration: ModelConfiguration, layers: Int, softmaxNames: Set<String>)
    throws -> [Kind]
  {
    guard let names = try configuration.strings("mixer_types") else {
      throw ModelError.malformedConfiguration(key: "mixer_types", reason: "is missing")
    }
    guard names.count == layers else {
      throw ModelError.malformedConfiguration(
        key: "mixer_types", reason: "has \(names.count) entries for \(layers) layers")
    }
    return try names.map { name in
      if softmaxNames.contains(name) { return .softmax }
      if ["lightning", "lightning_attn", "lightning-attn"].contains(name) { return .lightning }
      throw ModelError.malformedConfiguration(
        key: "mixer_types", reason: "holds \(name), which is not supported")
    }
  }

  func mixer(_ kind: Kind, _ prefix: String) throws -> any Mixer {
    switch kind {
    case .softmax: try softmaxMixer(prefix)
    case .lightning: try lightningMixer(prefix)
    }
  }

  private func softmaxMixer(_ prefix: String) throws -> AttentionMixer {
    var mixer = try softmax.mixer(weights, prefix, .softmax)
    let attention = softmax.attention
    if softmaxNorms {
      mixer.queryNorm = try RMSNorm(
        weights, prefix + "q_norm", count: attention.headDim, eps: parts.eps)
      mixer.keyNorm = try RMSNorm(
        weights, prefix + "k_norm", count: attention.headDim, eps: parts.eps)
    }

    if softmaxGate {
      mixer.gate = try Linear(
        weights, prefix + "o_gate", outputs: attention.heads * attention.headDim,
        inputs: parts.hidden, bias: weights.contains(prefix + "o_gate.bias"))
    }

    mixer.queryScaling = queryScaling

    return mixer
  }

  private func lightningMixer(_ prefix: String) throws -> LightningMixer {
    let width = lightning.width
    let keyWidth = lightning.keyWidth
    let bias = softmax.bias
    let norm = { (name: String, count: Int) in
      try RMSNorm(weights, prefix + name, count: count, eps: parts.eps)
    }

    return LightningMixer(
      shape: lightning, slopes: LightningSlopes.alibi(heads: lightning.heads).map(Float.init),
      projection: .separate(
        query: try Linear(
          weights, prefix + "q_proj", outputs: width, inputs: parts.hidden, bias: bias),
        key: try Linear(
          weights, prefix + "k_proj", outputs: keyWidth, inputs: parts.hidden, bias: bias),
        value: try Linear(
          weights, prefix + "v_proj", outputs: keyWidth, inputs: parts.hidden, bias: bias)),
      queryNorm: headNorms ? try norm("q_norm", lightning.headDim) : nil,
      keyNorm: headNorms ? try norm("k_norm", lightning.headDim) : nil,
      rotation: try rotation(), scale: scale, norm: outputNorm ? try norm("o_norm", width) : nil,
      gate: outputGate
        ? try Linear(
          weights, prefix + "z_proj", outputs: width, inputs: parts.hidden, bias: bias) : nil,
      out: try Linear(
        weights, prefix + "o_proj", outputs: parts.hidden, inputs: width, bias: bias))
  }

  private func rotation() throws -> LightningRotation {
    guard try configuration.flag("lightning_use_rope", default: true) else { return .none }
    return .rope(try GroupedAttention.rope(configuration, headDim: lightning.headDim))
  }

  /// `lightning_scale`: the authors' code knows two formulas and takes 1 for anything else.
  private var scale: Float {
    switch configuration.string("lightning_scale") ?? "1/sqrt(d)" {
    case "1/sqrt(d)": 1 / Float(lightning.headDim).squareRoot()
    case "1/d": 1 / Float(lightning.headDim)
    default: 1
    }
  }
}
