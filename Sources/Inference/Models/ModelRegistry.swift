import Foundation

/// The architectures that folders may name, and how each is built.
enum ModelRegistry {
  typealias Builder = @Sendable (ModelConfiguration, ModelWeights, Parallel) throws -> LanguageModel

  /// One line for each name that config.json uses in `architectures` or `model_type`.
  static let builders: [(name: String, build: Builder)] = [
    ("LlamaForCausalLM", Llama.build),
    ("llama", Llama.build),
    ("MiniMaxText01ForCausalLM", MiniMax.build),
    ("MiniMaxM1ForCausalLM", MiniMax.build),
    ("MiniMaxForCausalLM", MiniMax.build),
    ("MiniMaxM2ForCausalLM", MiniMaxM2.build),
    ("BailingMoeLinearV2ForCausalLM", BailingLinear.build),
    ("BailingMoeLinearForCausalLM", BailingLinear.build),
    ("BailingMoeV2_5ForCausalLM", BailingLinear.build),
    ("MiniCPMSALAForCausalLM", MiniCPMSALA.build),
    ("HypeNetForCausalLM", HypeNet.build),
    ("TransnormerForCausalLM", TransNormer.build),
    ("Qwen3ForCausalLM", Qwen3.build),
    ("minimax_m2", MiniMaxM2.build),
    ("bailing_moe_linear", BailingLinear.build),
    ("minicpm_sala", MiniCPMSALA.build),
    ("hypenet", HypeNet.build),
    ("transnormer", TransNormer.build),
    ("qwen3", Qwen3.build),
    ("minimax_text_01", MiniMax.build),
    ("minimax_m1", MiniMax.build),
    ("minimax", MiniMax.build),
  ]

  static func builder(for configuration: ModelConfiguration) throws -> Builder {
    let names = configuration.architectureNames
    for name in names {
      if let entry = builders.first(where: { $0.name == name }) { return entry.build }
    }

    throw ModelError.unknownArchitecture(
      names.isEmpty ? "(config.json names none)" : names.joined(separator: " / "),
      supported: builders.map(\.name).filter { $0.hasSuffix("ForCausalLM") })
  }
}

extension LanguageModel {
  /// Opens a model folder, config.json and safetensors in Hugging Face form, or a GGUF file.
  ///
  /// - Parameter threads: 0 means all CPUs that this process may use.
  /// - Throws: `ModelError`, which names the file, key or tensor that is wrong.
  package static func load(folder: String, threads: Int = 0) throws -> LanguageModel {
    if folder.hasSuffix(".gguf") {
      let file = try GGUFModel(path: folder)
      return try build(file.configuration, file.weights, threads: threads)
    }

    let configuration = try ModelConfiguration(folder: folder)
    return try build(configuration, try ModelWeights(folder: folder), threads: threads)
  }

  private static func build(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, threads: Int
  ) throws -> LanguageModel {
    try SilentDifferences.refuse(configuration)
    let build = try ModelRegistry.builder(for: configuration)
    let model = try build(configuration, weights, Parallel(threads: threads))
    try SilentDifferences.refuse(weights, layers: model.layers.count)
    model.stream(weights)
    // A state is made for every document, and no maker of one can refuse.
    let state = model.layers.reduce(0.0) {
      $0 + Double($1.mixer.stateBytes(at: ReadingGrid.block))
    }
    let memory = ProcessInfo.processInfo.physicalMemory
    guard state <= Double(memory) / 2 else {
      throw ModelError.unusable(
        part: "the model",
        reason:
          "one document's state takes \(Int(state / 1e6)) MB of the \(memory / 1_000_000) here")
    }
    return model
  }
}
