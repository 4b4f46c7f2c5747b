@testable import ModelTools
import Foundation
import TestSupport
import Testing

@testable import Inference

/// Models with narrower weights, against the wide ones.
@Suite struct QuantizationTests {
  private func ids(_ count: Int) -> [Int32] {
    var random = SplitMix(31)
    return (0..<count).map { _ in Int32.random(in: 0..<64, using: &random) }
  }

  /// Heads of 16, so that attention runs in 16-bit integers too.
  private var source: RandomModel {
    var model = RandomModel()
    model.hidden = 64
    model.heads = 4
    model.keyHeads = 2
    model.intermediate = 96
    return model
  }

  /// The same with linear branches.
  private var converted: RandomModel {
    var model = source
    model.extra = [
      "layer_mixers": .array([.string("lightning"), .string("lightning")]),
      "window_tokens": .integer(40), "sink_tokens": .integer(3),
    ]
    return model
  }

  private func quantized(_ precision: ModelQuantization.Precision, in directory: TemporaryDirectory)
    throws -> String
  {
    try source.write(to: directory.path)
    let target = directory.path + "/" + precision.rawValue
    try ModelQuantization(precision).convert(directory.path, to: target)
    return target
  }

  @Test(arguments: [(ModelQuantization.Precision.bf16, Float(0.02)), (.int8, 0.06), (.int4, 0.25)])
  func logitsStayNearTheWideModels(precision: ModelQuantization.Precision, bound: Float) throws {
    let directory = try TemporaryDirectory()
    let folder = try quantized(precision, in: directory)
    let wide = try LanguageModel.load(folder: directory.path)
    let narrow = try LanguageModel.load(folder: folder)
    let tokens = ids(200)
    let expected = try wide.logits(after: tokens, state: wide.makeState())
    let found = try narrow.logits(after: tokens, state: narrow.makeState())
    #expect(Float(relativeError(found, expected)) < bound)
    #expect(relativeError(found, expected) > 1e-5, "weights were narrowed")
    #expect(narrow.description.parameters == wide.description.parameters)
    #expect(narrow.description.bytes < wide.description.bytes * (precision == .bf16 ? 6 : 4) / 10)
  }

  /// The window's logs of denominators come from attention in 16-bit integers too.
  @Test func linearBranchesStayWideAndFit() throws {
    let directory = try TemporaryDirectory()
    try converted.write(to: directory.path)
    try ModelQuantization(.int8).convert(directory.path, to: directory.path + "/int8")
    let weights = try ModelWeights(folder: directory.path + "/int8")
    let branches = weights.names.filter { $0.contains(".lightning.") }
    #expect(branches.count == 18)
    #expect(branches.allSatisfy { weights.type(of: $0) == .float32 })
    let wide = try LanguageModel.load(folder: directory.path)
    let narrow = try LanguageModel.load(folder: directory.path + "/int8")
    let tokens = ids(600)
    let expected = try wide.logits(after: tokens, state: wide.makeState())
    #expect(
      relativeError(try narrow.logits(after: tokens, state: narrow.makeState()), expected) < 0.06)
    let first = narrow.makeState()
    let second = narrow.makeState()
    try narrow.read(tokens, into: first)
    try narrow.read(tokens.prefix(512), into: second)
    try narrow.read(tokens.dropFirst(512), into: second)
    #expect(first.numbers == second.numbers, "the same blocks give the same bits")
  }

  /// Biases and slopes of 16 bytes do not put the panels after them out of line.
  @Test func packedWeightsBeginAtCacheLines() throws {
    let directory = try TemporaryDirectory()
    var model = converted
    model.keyHeads = 4  // with 2, a layer's branch takes whole lines
    try model.write(to: directory.path)
    try ModelQuantization(.int8).convert(directory.path, to: directory.path + "/int8")
    let file = try SafetensorsFile(path: directory.path + "/int8/model.safetensors")
    let packed = file.tensors.values.filter { $0.type == .uint8 }
    #expect(packed.count == 15 && file.tensors.values.contains { $0.bytes.count % 64 != 0 })
    for tensor in packed {
      #expect(Int(bitPattern: tensor.bytes.baseAddress) % 64 == 0, "\(tensor.name)")
    }
  }

  /// Few rows and many take other kernels; where their attention differs in the last bits,
  /// activations next to a rounding step fall on its other side.
  @Test func blocksAndSingleTokensAgree() throws {
    let directory = try TemporaryDirectory()
    let model = try LanguageModel.load(folder: try quantized(.int8, in: directory))
    let tokens = ids(150)
    let whole = model.makeState()
    let single = model.makeState()
    let logits = try model.logits(after: tokens, state: whole)
    var last: [Float] = []
    for id in tokens { last = try model.logits(after: [id], state: single) }
    #expect(relativeError(last, logits) < 0.05)
  }

  @Test func theSameTokensGiveTheSameBits() throws {
    let directory = try TemporaryDirectory()
    let model = try LanguageModel.load(folder: try quantized(.int8, in: directory))
    let tokens = ids(700)
    let first = model.makeState()
    let second = model.makeState()
    try model.read(tokens, into: first)
    try model.read(tokens.prefix(512), into: second)
    try model.read(tokens.dropFirst(512), into: second)
    #expect(first.numbers == second.numbers)
  }

  @Test func aTargetThatExistsIsNotTouched() throws {
    let directory = try TemporaryDirectory()
    let folder = try quantized(.int8, in: directory)
    #expect(throws: ModelError.self) {
      try ModelQuantization(.int8).convert(directory.path, to: folder)
    }
    #expect(throws: ModelError.self) {
      try ModelQuantization(.int4).convert(folder, to: directory.path + "/again")
    }
    #expect(!FileManager.default.fileExists(atPath: directory.path + "/again"))
  }
}
