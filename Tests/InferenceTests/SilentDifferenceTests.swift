import Foundation
import TestSupport
import Testing

@testable import Inference

/// What would change a model's numbers without a word is read, or refused by name.
@Suite struct SilentDifferenceTests {
  private static let ids: [Int32] = [1, 7, 3, 9, 2, 40, 11]

  private func logits(_ extra: [String: JSONValue]) throws -> [Float] {
    let (model, directory) = try RandomModel(extra: extra).load()
    defer { withExtendedLifetime(directory) {} }
    return try model.logits(after: Self.ids, state: model.makeState())
  }

  private func refusal(_ extra: [String: JSONValue]) -> String? {
    do {
      _ = try RandomModel(extra: extra).load()
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func rotaryParametersMayLackTheirBase() throws {
    let stated = try logits(["rope_theta": .integer(500)])
    #expect(try logits(["rope_theta": .integer(500), "rope_parameters": .object([:])]) == stated)
    let named: [String: JSONValue] = ["rope_type": .string("default")]
    #expect(
      try logits(["rope_theta": .integer(500), "rope_parameters": .object(named)]) == stated)
    let inside: [String: JSONValue] = ["rope_theta": .integer(500)]
    #expect(try logits(["rope_theta": .null, "rope_parameters": .object(inside)]) == stated)
    #expect(try logits([:]) != stated)
  }

  @Test func rotaryParametersOfEachKindOfLayerAreRefused() {
    let nested = JSONValue.object(["full_attention": .object(["rope_theta": .integer(500)])])
    #expect(refusal(["rope_parameters": nested])?.contains("full_attention") == true)
  }

  @Test func yarnMayLeaveItsBordersWhereTheyFall() throws {
    func yarn(_ truncate: Bool?) -> [String: JSONValue] {
      var scaling: [String: JSONValue] = [
        "rope_type": .string("yarn"), "factor": .number(8), "beta_slow": .number(0.1),
        "original_max_position_embeddings": .integer(64),
      ]
      scaling["truncate"] = truncate.map(JSONValue.bool)
      return ["rope_scaling": .object(scaling)]
    }
    #expect(try logits(yarn(true)) == logits(yarn(nil)))
    #expect(try logits(yarn(false)) != logits(yarn(nil)))
  }

  @Test func settingsThatNobodyReadsAreRefused() {
    #expect(refusal(["hidden_act": .string("silu"), "mlp_bias": .bool(false)]) == nil)
    #expect(refusal(["hidden_act": .string("gelu")])?.contains("hidden_act") == true)
    #expect(refusal(["mlp_bias": .bool(true)])?.contains("mlp_bias") == true)
    let gptq = JSONValue.object(["quant_method": .string("gptq")])
    #expect(refusal(["quantization_config": gptq])?.contains("quantized by gptq") == true)
  }

  @Test func tensorsThatNobodyReadsAreRefused() throws {
    // The folder of a model with a layer's bias that its config.json does not speak of.
    let directory = try TemporaryDirectory()
    try RandomModel(extra: ["attention_bias": .bool(true)]).write(
      to: directory.path, adding: [("model.layers.0.self_attn.q_proj.bias", [32])])
    try JSONEncoder().encode(RandomModel().configuration)
      .write(to: URL(fileURLWithPath: directory.path + "/config.json"))
    let error = #expect(throws: ModelError.self) {
      try LanguageModel.load(folder: directory.path)
    }
    #expect("\(try #require(error))".contains("q_proj.bias"))
    // Buffers and layers that predict further tokens are idle.
    try RandomModel().write(
      to: directory.path,
      adding: [("model.layers.0.self_attn.rotary_emb.inv_freq", [4]), ("model.layers.2.x", [4])])
    _ = try LanguageModel.load(folder: directory.path)
  }

  @Test func filesCarryStretchedFrequencies() throws {
    let directory = try TemporaryDirectory()
    func logits(_ file: RandomGGUF) throws -> [Float] {
      let path = directory.path + "/m.gguf"
      try file.write(to: path)
      let model = try LanguageModel.load(folder: path)
      return try model.logits(after: [1, 3, 2, 4], state: model.makeState())
    }
    var file = RandomGGUF()
    let plain = try logits(file)
    file.frequencyDivisors = [1, 1, 1, 1]
    #expect(try logits(file) == plain)
    file.frequencyDivisors = [1, 2, 4, 8]
    #expect(try logits(file) != plain)
    file.frequencyDivisors = [1, 0, 4, 8]
    #expect(throws: ModelError.self) { try logits(file) }
    file.frequencyDivisors = nil
    file.linearScale = 4
    #expect(try logits(file) != plain)
    file.linearScale = 1
    #expect(try logits(file) == plain)
  }
}
