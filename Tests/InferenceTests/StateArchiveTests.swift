import Foundation
import TestSupport
import Testing

@testable import Inference

/// A reading that is saved and goes on elsewhere ends in the same bits.
@Suite struct StateArchiveTests {
  private static let block = ReadingGrid.block

  private static func tokens(_ count: Int, vocabulary: Int32 = 64) -> [Int32] {
    var random = SplitMix(5)
    return (0..<count).map { _ in Int32.random(in: 0..<vocabulary, using: &random) }
  }

  /// Reads block by block, and at each boundary marks some positions as salient.
  private static func read(
    _ tokens: ArraySlice<Int32>, _ model: LanguageModel, into state: ReadingState
  ) throws {
    try model.read(tokens, into: state) { state in
      let trace = AttentionTrace()
      for position in stride(from: 3, to: state.position, by: 7) {
        trace.add(Float(position % 11), at: position)
      }
      state.reinforce(trace)
    }
  }

  private static func expectSameBits(_ a: ReadingState, _ b: ReadingState, _ model: LanguageModel)
    throws
  {
    #expect(a.position == b.position)
    #expect(zip(a.numbers, b.numbers).allSatisfy { $0.map(\.bitPattern) == $1.map(\.bitPattern) })
    let next = tokens(9)
    let one = try model.logits(after: next, state: a.fork())
    let other = try model.logits(after: next, state: b.fork())
    #expect(one.map(\.bitPattern) == other.map(\.bitPattern))
  }

  /// Every fixture folder with a vocabulary of at least 64: one for each family and its flags.
  static let fixtures =
    ((try? FileManager.default.contentsOfDirectory(atPath: Repository.fixture("models"))) ?? [])
    .sorted()

  @Test(arguments: fixtures)
  func everyFamilyGoesOnExactly(name: String) throws {
    let model = try LanguageModel.load(folder: Repository.fixture("models/" + name))
    let ids = Self.tokens(
      2 * Self.block + 77, vocabulary: Int32(min(64, model.description.vocabularySize)))
    let whole = model.makeState()
    try Self.read(ids[...], model, into: whole)
    let first = model.makeState()
    try Self.read(ids[..<Self.block], model, into: first)
    let resumed = model.makeState()
    try resumed.restore(first.archive(), pages: [first.page(from: 0)].filter { !$0.isEmpty })
    try Self.read(ids[Self.block...], model, into: resumed)
    #expect(
      zip(whole.numbers, resumed.numbers).allSatisfy {
        $0.map(\.bitPattern) == $1.map(\.bitPattern)
      })
  }

  @Test(arguments: [
    ["window", "bounded"], ["lightning", "bounded"], ["softmax", "lightning"],
    ["softmax", "softmax"],
  ])
  func eachCheckpointGoesOnExactly(mixers: [String]) throws {
    let (model, directory) = try RandomModel(extra: [
      "layer_mixers": .array(mixers.map(JSONValue.string)), "window_tokens": .integer(300),
      "sink_tokens": .integer(4),
      "kept_tokens": .integer(400),
    ]).load()
    defer { withExtendedLifetime(directory) {} }
    let ids = Self.tokens(7 * Self.block)
    let whole = model.makeState()
    var pages = [[UInt8]]()
    var saved = 0
    for block in 0..<6 {
      try Self.read(ids[block * Self.block..<(block + 1) * Self.block], model, into: whole)
      if block % 2 == 1 { continue }
      let page = whole.page(from: saved)
      if !page.isEmpty { pages.append(page) }
      saved = whole.position
      let resumed = model.makeState()
      try resumed.restore(whole.archive(), pages: pages)
      try Self.expectSameBits(whole, resumed, model)
      let uninterrupted = whole.fork()
      try Self.read(ids[(block + 1) * Self.block..<7 * Self.block], model, into: uninterrupted)
      try Self.read(ids[(block + 1) * Self.block..<7 * Self.block], model, into: resumed)
      try Self.expectSameBits(uninterrupted, resumed, model)
    }

    #expect(pages.isEmpty != mixers.contains("softmax"), "only what grows has pages")
  }

  @Test func archivesDoNotGrowWithTheText() throws {
    let (model, directory) = try RandomModel(extra: [
      "layer_mixers": .array([.string("lightning"), .string("bounded")]),
      "window_tokens": .integer(100), "sink_tokens": .integer(4),
      "kept_tokens": .integer(100),
    ]).load()
    defer { withExtendedLifetime(directory) {} }
    let state = model.makeState()
    try model.read(Self.tokens(4 * Self.block), into: state)
    let early = state.archive().count
    try model.read(Self.tokens(16 * Self.block), into: state)
    #expect(state.archive().count == early)
  }

  @Test func whatIsNoStateOfThisModelIsRefused() throws {
    let (model, first) = try RandomModel().load()
    var wide = RandomModel()
    wide.heads = 8
    wide.keyHeads = 4
    let (other, second) = try wide.load()
    defer { withExtendedLifetime((first, second)) {} }
    let state = model.makeState()
    try model.read(Self.tokens(600), into: state)
    let archive = state.archive()
    let page = state.page(from: 0)
    func restore(_ model: LanguageModel, _ archive: [UInt8], _ pages: [[UInt8]]) throws {
      try model.makeState().restore(archive, pages: pages)
    }
    try restore(model, archive, [page])
    #expect(throws: StateArchiveError.self) { try restore(model, [], []) }
    #expect(throws: StateArchiveError.self) {
      try restore(model, Array(archive.dropLast()), [page])
    }
    #expect(throws: StateArchiveError.self) { try restore(model, archive + [0], [page]) }
    #expect(throws: StateArchiveError.self) { try restore(model, archive, []) }
    #expect(throws: StateArchiveError.self) { try restore(model, archive, [page, page]) }
    #expect(throws: StateArchiveError.self) {
      try restore(model, archive, [Array(page.dropLast(8))])
    }
    #expect(throws: StateArchiveError.self) { try restore(other, archive, [page]) }
    // First and last token, heads, width, number of entries; what follows is keys.
    for offset in stride(from: 0, to: 40, by: 8) {
      var broken = page
      broken[offset + 6] ^= 0x7F
      #expect(throws: StateArchiveError.self) { try restore(model, archive, [broken]) }
    }
  }
}
