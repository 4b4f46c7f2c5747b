/// What every decoder folder holds, whatever its mixers are.
struct DecoderParts {
  let hidden: Int
  let vocabulary: Int
  let layerCount: Int
  let eps: Double
  let tied: Bool

  init(_ configuration: ModelConfiguration, tiedByDefault: Bool) throws {
    hidden = try configuration.size("hidden_size")
    vocabulary = try configuration.size("vocab_size")
    layerCount = try configuration.size("num_hidden_layers", atMost: 4096)
    eps = try configuration.number("rms_norm_eps", default: 1e-6)
    tied = try configuration.flag("tie_word_embeddings", default: tiedByDefault)
  }

  /// The model around its layers, under the names `model.embed_tokens`,
  /// `model.norm` and `lm_head`.
  func model(architecture: String, layers: [DecoderLayer], _ checkpoint: Checkpoint, _ parallel: Parallel) throws -> LanguageModel {
    let embedding = try Linear(checkpoint, "model.embed_tokens", outputs: vocabulary, inputs: hidden)
    let head = tied ? embedding : try Linear(checkpoint, "lm_head", outputs: vocabulary, inputs: hidden)
    let description = ModelDescription(
      architecture: architecture, layers: layers.map(\.mixer.kind.rawValue), hiddenSize: hidden,
      vocabularySize: vocabulary, parameters: checkpoint.parameterCount, bytes: checkpoint.byteCount)
    return try LanguageModel(
      description: description, embedding: embedding, layers: layers,
      norm: RMSNorm(checkpoint, "model.norm", count: hidden, eps: eps), head: head, parallel: parallel)
  }
}
