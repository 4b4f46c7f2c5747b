import Foundation
@testable package import Inference
@testable import ModelTools

/// Folders as authors publish them: a fixture's architecture with random weights, a vocabulary that
/// has its family's control tokens, and a chat template.
package enum PublishedFolder {
  /// Writes the folder.
  /// - Parameters:
  ///   - fixture: a folder of Tests/Fixtures/models, whose layers it has.
  ///   - control: tokens beside those of the small vocabulary.
  ///   - template: its chat template; none for nil.
  ///   - settings: of config.json, instead of the fixture's.
  package static func write(
    _ fixture: String, control: [String], template: String? = nil,
    settings: [String: JSONValue] = [:], to folder: String
  ) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try SmallVocabulary.json(control)
      .write(to: URL(fileURLWithPath: folder + "/tokenizer.json"))
    if let template {
      let text = try JSONSerialization.data(withJSONObject: ["chat_template": template])
      try text.write(to: URL(fileURLWithPath: folder + "/tokenizer_config.json"))
    }
    let source = Repository.fixture("models/" + fixture)
    let vocabulary = Self.vocabulary + control.count
    var configuration = try ModelConfiguration(folder: source).values
    configuration["vocab_size"] = .integer(vocabulary)
    configuration.merge(settings) { $1 }
    try JSONEncoder().encode(configuration)
      .write(to: URL(fileURLWithPath: folder + "/config.json"))
    try writeWeights(try ModelWeights(folder: source), vocabulary, to: folder)
  }

  /// Ids of the small vocabulary, with those that it leaves unused.
  private static let vocabulary = 1600
  private static let vocabularies = [
    "embed_tokens.weight", "word_embeddings.weight", "lm_head.weight",
  ]

  /// The fixture's tensors, and random rows where a row belongs to a token.
  private static func writeWeights(
    _ weights: ModelWeights, _ vocabulary: Int, to folder: String
  ) throws {
    let names = weights.names.sorted().filter { weights.type(of: $0) != nil }
    let isVocabulary = { (name: String) in vocabularies.contains(where: name.hasSuffix) }
    let entries = try names.map { name in
      var shape = weights.shape(of: name) ?? []
      if isVocabulary(name) { shape[0] = vocabulary }
      return SafetensorsWriter.Entry(name: name, type: .float32, shape: shape)
    }
    let writer = try SafetensorsWriter(path: folder + "/model.safetensors", entries: entries)
    var random = SplitMix(5)
    for entry in entries {
      let count = entry.shape.reduce(1, *)
      try writer.write(
        entry.name,
        isVocabulary(entry.name)
          ? random.floats(count, in: -1...1) : weights.values(entry.name, shape: entry.shape))
    }
    try writer.close()
  }
}
