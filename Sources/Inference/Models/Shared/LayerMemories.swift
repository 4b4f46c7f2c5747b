/// Each layer's memory, from `layer_mixers`, the sizes beside it and the linear branches' tensors.
struct LayerMemories {
  let configuration: ModelConfiguration
  let weights: ModelWeights
  let attention: Attention

  init(_ configuration: ModelConfiguration, _ weights: ModelWeights, _ attention: Attention) {
    self.configuration = configuration
    self.weights = weights
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
      let range = try configuration.number("key_gain_range", in: 0...64, default: 8)
      let prefix = "model.layers.\(layer).self_attn.lightning."
      let branch = try LinearBranch(weights, prefix, attention, gainRange: Float(range))
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
