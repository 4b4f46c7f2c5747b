import Foundation
import TestSupport
import Testing

@testable import Inference

/// The memories that forget, against full softmax attention where both must agree.
@Suite struct MixerTests {
  private static func tokens(_ count: Int) -> [Int32] {
    var random = SplitMix(11)
    return (0..<count).map { _ in Int32.random(in: 0..<64, using: &random) }
  }

  private static func model(_ mixer: String, window: Int = 40, sinks: Int = 3, kept: Int = 30)
    -> RandomModel
  {
    RandomModel(extra: [
      "layer_mixers": .array([.string(mixer), .string(mixer)]), "window_tokens": .integer(window),
      "sink_tokens": .integer(sinks),
      "kept_tokens": .integer(kept),
    ])
  }

  @Test(arguments: ["window", "bounded", "lightning"])
  func shortTextsSeeEverything(mixer: String) throws {
    let ids = Self.tokens(40)
    let (full, first) = try RandomModel().load()
    let (bounded, second) = try Self.model(mixer).load()
    defer { withExtendedLifetime((first, second)) {} }
    let expected = try full.logits(after: ids, state: full.makeState(.float32))
    #expect(
      relativeError(try bounded.logits(after: ids, state: bounded.makeState(.float32)), expected)
        < 1e-5)
  }

  @Test(arguments: ["window", "bounded", "lightning"])
  func blocksAndSingleTokensGiveTheSameState(mixer: String) throws {
    let ids = Self.tokens(1300)
    let (model, directory) = try Self.model(mixer).load()
    defer { withExtendedLifetime(directory) {} }
    let whole = model.makeState()
    let single = model.makeState()
    try model.read(ids, into: whole)
    for id in ids { try model.read([id], into: single) }
    for (a, b) in zip(whole.numbers, single.numbers) { #expect(relativeError(a, b) < 1e-5) }
  }

  @Test(arguments: ["window", "bounded", "lightning"])
  func memoryDoesNotGrow(mixer: String) throws {
    let (model, directory) = try Self.model(mixer).load()
    defer { withExtendedLifetime(directory) {} }
    let state = model.makeState()
    try model.read(Self.tokens(2 * ReadingGrid.block), into: state)
    let early = state.byteCount
    try model.read(Self.tokens(20 * ReadingGrid.block), into: state)
    #expect(state.byteCount == early)
  }

  @Test(arguments: [3, 33, 200])
  func piecesOfATextGiveTheSameStateAndLogits(size: Int) throws {
    let ids = Self.tokens(700)
    let (model, directory) = try Self.model("lightning").load()
    defer { withExtendedLifetime(directory) {} }
    let whole = model.makeState()
    let pieces = model.makeState()
    let expected = try model.logits(after: ids, state: whole)
    var found: [Float] = []
    for start in stride(from: 0, to: ids.count, by: size) {
      found = try model.logits(after: ids[start..<min(start + size, ids.count)], state: pieces)
    }

    #expect(relativeError(found, expected) < 1e-5)
    for (a, b) in zip(pieces.numbers, whole.numbers) { #expect(relativeError(a, b) < 1e-5) }
  }

  @Test func aLinearBranchRemembersWhatLeftTheWindow() throws {
    let (model, directory) = try Self.model("lightning", window: 8, sinks: 1).load()
    defer { withExtendedLifetime(directory) {} }
    let tail = Self.tokens(30)
    let first = try model.logits(after: [0, 1, 2, 3] + tail, state: model.makeState())
    let second = try model.logits(after: [0, 9, 8, 7] + tail, state: model.makeState())
    #expect(relativeError(first, second) > 1e-4)
  }

  @Test func aBranchThatDoesNotFitIsRefused() throws {
    let directory = try TemporaryDirectory()
    try Self.model("lightning").write(
      to: directory.path, without: "model.layers.1.self_attn.lightning.slope")
    #expect(
      throws: ModelError.missingTensor(
        name: "model.layers.1.self_attn.lightning.slope", path: directory.path)
    ) {
      try LanguageModel.load(folder: directory.path)
    }
    var other = Self.model("lightning")
    other.hidden = 48
    other.heads = 6
    other.keyHeads = 3
    try JSONEncoder().encode(other.configuration).write(
      to: URL(fileURLWithPath: directory.path + "/config.json"))
    #expect(throws: ModelError.self) { try LanguageModel.load(folder: directory.path) }
  }

  @Test func aWindowForgetsWhatLeftIt() throws {
    let (model, directory) = try Self.model("window", window: 8, sinks: 0).load()
    defer { withExtendedLifetime(directory) {} }
    // Two layers see 2 * 7 tokens back.
    let tail = Self.tokens(15)
    let first = try model.logits(after: [1, 2, 3] + tail, state: model.makeState())
    let second = try model.logits(after: [9, 8, 7] + tail, state: model.makeState())
    let third = try model.logits(after: [1, 2, 3, 9] + tail.dropFirst(8), state: model.makeState())
    #expect(relativeError(first, second) < 1e-5)
    #expect(relativeError(first, third) > 1e-3)
  }

  @Test func reinforcedTokensAreKept() throws {
    let (model, directory) = try Self.model("bounded").load()
    defer { withExtendedLifetime(directory) {} }
    let state = model.makeState()
    let wanted = [100, 200, 300]
    try model.read(Self.tokens(2048), into: state) { state in
      let trace = AttentionTrace()
      for position in wanted where position < state.position { trace.add(1, at: position) }
      state.reinforce(trace)
    }
    let kept = state.keptPositions
    #expect(wanted.allSatisfy(kept.contains))
    #expect(kept.isSuperset(of: [0, 1, 2]), "sinks stay")
    #expect(kept.count == 3 + 30 + 40)
  }

  @Test func aForkLeavesTheReadingAlone() throws {
    for kind in ["window", "bounded", "softmax", "lightning"] {
      let (model, directory) = try Self.model(kind).load()
      defer { withExtendedLifetime(directory) {} }
      let state = model.makeState()
      try model.read(Self.tokens(700), into: state)
      let before = state.numbers
      try model.read(Self.tokens(600), into: state.fork())
      #expect(state.numbers == before)
      #expect(state.position == 700)
    }
  }

  /// A probe at each boundary and in between, as short as the window's step or longer than a block.
  @Test(arguments: ["softmax", "window", "bounded", "lightning"], [3, 20, 600])
  func scratchesAreForksThatShare(kind: String, probe: Int) throws {
    let (model, directory) = try Self.model(kind).load()
    defer { withExtendedLifetime(directory) {} }
    let lending = model.makeState()
    let forked = model.makeState()
    for (block, rows) in [512, 512, 512, 512, 100, 9].enumerated() {
      let tokens = Array(Self.tokens(512 * block + rows).suffix(rows))
      try model.read(tokens, into: forked)
      try model.read(tokens, into: lending)
      let before = lending.numbers
      let expected = try model.logits(after: Self.tokens(probe), state: forked.fork())
      let found = try model.logits(after: Self.tokens(probe), state: lending.scratch(tokens: probe))
      #expect(relativeError(found, expected) < 1e-5)
      #expect(lending.numbers == before && lending.position == forked.position)
    }

    #expect(zip(lending.numbers, forked.numbers).allSatisfy { relativeError($0, $1) < 1e-5 })
  }

  @Test(arguments: ["softmax", "window", "bounded", "lightning"])
  func answersDecodedTogetherAreThoseDecodedAlone(kind: String) throws {
    let (model, directory) = try Self.model(kind).load()
    defer { withExtendedLifetime(directory) {} }
    let reading = model.makeState()
    try model.read(Self.tokens(600), into: reading)
    let together = (0..<3).map { _ in reading.fork() }
    let alone = (0..<3).map { _ in reading.fork() }
    for step: Int32 in 0..<4 {
      let ids: [Int32] = [step, 10 + step, 20 + 3 * step]
      let found = try model.logits(afterEach: Array(zip(ids, together)))
      for index in 0..<3 {
        let expected = try model.logits(after: [ids[index]], state: alone[index])
        #expect(relativeError(found[index], expected) < 1e-5)
      }
    }

    #expect(
      relativeError(together[0].numbers[1], together[1].numbers[1]) > 1e-4, "the answers differ")
  }

  @Test func tracedAttentionSumsToOnePerHeadAndRow() throws {
    let (model, directory) = try Self.model("bounded").load()
    defer { withExtendedLifetime(directory) {} }
    let state = model.makeState()
    try model.read(Self.tokens(100), into: state)
    let trace = AttentionTrace()
    try model.read(Self.tokens(5), into: state, trace: trace)
    #expect(trace.total == Float(5 * 4 * 2))
    #expect(abs(trace.mass.values.reduce(0, +) - trace.total) < 1e-3)
  }
}
