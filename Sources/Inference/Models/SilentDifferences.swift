/// What a folder says that no builder reads: a model that leaves it out would give other numbers
/// without a word.
enum SilentDifferences {
  /// Settings that builders do not read, with the values at which they change nothing.
  private static let neutral: [String: [JSONValue]] = [
    "hidden_act": [.string("silu"), .string("swish")],
    "mlp_bias": [.bool(false)],
    "attn_logit_softcapping": [], "final_logit_softcapping": [],
    "attention_multiplier": [], "logits_scaling": [.integer(1), .number(1)],
    "embedding_multiplier": [.integer(1), .number(1)],
    "residual_multiplier": [.integer(1), .number(1)],
  ]

  /// Buffers that are computed from the configuration, and heads that reading does not use.
  private static let idleSuffixes = ["rotary_emb.inv_freq", ".slope_rate", "_decay", "_scale_inv"]
  private static let idlePrefixes = ["mtp.", "model.mtp", "lm_head."]
  private static let shownNames = 3

  /// - Throws: `ModelError.malformedConfiguration`
  static func refuse(_ configuration: ModelConfiguration) throws {
    for (key, values) in neutral.sorted(by: { $0.key < $1.key }) {
      guard let value = configuration.values[key], value != .null, !values.contains(value) else {
        continue
      }
      throw ModelError.malformedConfiguration(
        key: key, reason: "is \(value), which is not supported: the model would compute otherwise")
    }
    if let other = foreignQuantization(configuration) {
      throw ModelError.malformedConfiguration(
        key: "quantization_config",
        reason: "says \(other); start from the folder as its authors published it")
    }
  }

  /// The name of another tool's packed weights.
  private static func foreignQuantization(_ configuration: ModelConfiguration) -> String? {
    guard let method = configuration.object("quantization_config")?.string("quant_method") else {
      return nil
    }
    return ["docproc", "fp8"].contains(method) ? nil : "quantized by \(method)"
  }

  /// - Throws: `ModelError.unreadable`
  static func refuse(_ weights: ModelWeights, layers: Int) throws {
    let unknown = weights.unused.filter { !isIdle($0, layers: layers) }.sorted()
    guard !unknown.isEmpty else { return }
    let rest = unknown.count > shownNames ? " and \(unknown.count - shownNames) more" : ""
    throw ModelError.unreadable(
      path: weights.folder,
      reason: "its architecture has no place for the tensors "
        + unknown.prefix(shownNames).joined(separator: ", ") + rest)
  }

  private static func isIdle(_ name: String, layers: Int) -> Bool {
    if idleSuffixes.contains(where: name.hasSuffix) { return true }
    if idlePrefixes.contains(where: name.hasPrefix) { return true }
    // Layers that predict further tokens stand after the model's own.
    let words = name.split(separator: ".")
    guard words.count > 2, words[1] == "layers", let layer = Int(words[2]) else { return false }
    return layer >= layers
  }
}
