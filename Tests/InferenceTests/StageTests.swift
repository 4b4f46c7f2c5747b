import Foundation
import ModelTools
import TestSupport
import Testing

@testable import Inference

/// Every order of layers and blocks, and every cut of the layers, ends in the same bits.
@Suite struct StageTests {
  /// Blocks and a rest, so that superblocks of eight are followed by one block, and that by a part.
  private static let tokens = 9 * ReadingGrid.block + 37

  private struct Outcome: Equatable {
    let logits: [Float]
    let numbers: [[Float]]
    let boundaries: Int
  }

  private static func outcome(_ model: LanguageModel, tokens: Int) throws -> Outcome {
    let vocabulary = model.description.vocabularySize
    let ids = (0..<tokens).map { Int32($0 * 7919 % vocabulary) }
    let state = model.makeState()
    // A reading need not begin where a block of the grid does.
    try model.read(ids.prefix(100), into: state)
    var boundaries = 0
    let logits = try model.logits(after: ids.dropFirst(100), state: state) { _ in boundaries += 1 }
    return Outcome(logits: logits, numbers: state.numbers, boundaries: boundaries)
  }

  private static func compare(_ folder: String) throws {
    let model = try LanguageModel.load(folder: folder, threads: 2)
    model.superblock = 1
    let plain = try outcome(model, tokens: tokens)
    #expect(plain.boundaries == 9)
    for superblock in [2, 8] {
      model.superblock = superblock
      let found = try outcome(model, tokens: tokens)
      let sameLogits = found.logits == plain.logits
      #expect(sameLogits, "\(superblock) blocks")
      let sameNumbers = found.numbers == plain.numbers
      #expect(sameNumbers, "\(superblock) blocks")
      let chooses = model.makeState().chooses
      // The first block was begun; of the eight that are left one call takes so many.
      #expect(found.boundaries == (chooses ? 9 : 1 + 8 / superblock))
    }
    let short = 3 * ReadingGrid.block + 5
    model.superblock = 2
    let whole = try outcome(model, tokens: short)
    let layers = model.layers.count
    let cuts = (1..<layers).flatMap { one in
      [[one]] + (one + 1..<max(layers, one + 1)).map { [one, $0] }
    }
    for cut in cuts {
      model.cut(before: cut)
      let isSame = try outcome(model, tokens: short) == whole
      #expect(isSame, "before \(cut)")
    }
  }

  @Test(arguments: GoldenTests.folders)
  func everyFamilyIsTheSameToTheBit(folder: String) throws {
    try Self.compare(Repository.fixture("models/\(folder)"))
  }

  @Test(arguments: ["bailing-ring-mini", "minimax-shared-expert", "minimax-m2"])
  func quantizedExpertsToo(folder: String) throws {
    let directory = try TemporaryDirectory()
    for precision in [ModelQuantization.Precision.int8, .int4] {
      let target = directory.path + "/\(precision)"
      try ModelQuantization(precision).convert(
        Repository.fixture("models/\(folder)"), to: target)
      try Self.compare(target)
    }
  }

  @Test func weightsThatComeAndGoAreTheSame() throws {
    let folder = Repository.fixture("models/bailing-ring-mini")
    let model = try LanguageModel.load(folder: folder, threads: 2)
    #expect(model.streaming == nil, "it fits")
    let plain = try Self.outcome(model, tokens: Self.tokens)
    let weights = try ModelWeights(folder: folder)
    for memory in [1, weights.byteCount] {
      model.stream(weights, memory: memory)
      let streamed = try #require(model.streaming).streamed
      #expect(memory == 1 ? streamed.count == model.layers.count : streamed.first ?? 0 > 0)
      let isSame = try Self.outcome(model, tokens: Self.tokens) == plain
      #expect(isSame)
    }
    // Too much in all, but the layers that there are can stay.
    let layer = weights.bytes(ofLayer: 0).reduce(0) { $0 + $1.count }
    let small = try #require(WeightStreaming(weights, layers: 1, memory: 2 * layer))
    #expect(small.streamed.isEmpty)
    small.willUse(0)
    small.didUseAll()
    small.finish()
    model.stream(weights, memory: 2 * weights.byteCount)
    #expect(model.streaming == nil)
    #expect(!weights.bytes(ofLayer: 0).isEmpty && weights.bytes(ofLayer: 99).isEmpty)
  }

  @Test func aContainersMemoryIsTheLimit() throws {
    func usable(_ files: [String: String]) throws -> Int {
      let root = try TemporaryDirectory()
      for (path, text) in files { _ = try root.write(path, text) }
      return MemoryLimit(root: root.path).usable
    }
    let physical = Int(ProcessInfo.processInfo.physicalMemory)
    #expect(try usable([:]) == physical)
    #expect(
      try usable(["proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "1048576\n"])
        == 1_048_576)
    #expect(
      try usable([
        "proc/self/cgroup": "4:memory:/a\n",
        "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "2097152\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      ]) == 2_097_152)
    #expect(
      try usable(["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"]) == physical)
  }

  @Test func expertsTakeSuperblocksAndOthersDoNot() throws {
    func superblock(_ folder: String) throws -> Int {
      try LanguageModel.load(folder: Repository.fixture("models/\(folder)")).superblock
    }
    #expect(try superblock("bailing-ring-mini") == 8)
    #expect(try superblock("llama-gqa") == 1)
  }
}
