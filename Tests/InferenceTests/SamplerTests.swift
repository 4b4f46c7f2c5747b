import Foundation
import Testing

@testable import Inference

@Suite struct SamplerTests {
  private static let logits: [Float] = [0, 3, 1, 2.9, -5]

  @Test func greedyTakesTheGreatest() {
    var sampler = Sampler(SamplingOptions())
    #expect(sampler.next(Self.logits) == 1)
  }

  @Test func theSameSeedGivesTheSameTokens() {
    func draw(_ seed: UInt64) -> [Int32] {
      var sampler = Sampler(SamplingOptions(temperature: 1.5, seed: seed))
      return (0..<50).map { _ in sampler.next(Self.logits) }
    }
    #expect(draw(1) == draw(1))
    #expect(draw(1) != draw(2))
    #expect(Set(draw(1)).count > 1)
  }

  @Test func aSmallNucleusLeavesOnlyTheTop() {
    var sampler = Sampler(SamplingOptions(temperature: 1, topP: 0.5, seed: 3))
    #expect((0..<100).allSatisfy { _ in [1, 3].contains(sampler.next(Self.logits)) })
  }

  @Test func onlyTheMostLikelyAreCandidates() {
    var sampler = Sampler(SamplingOptions(temperature: 3, topK: 3, seed: 5))
    let drawn = (0..<300).map { _ in sampler.next(Self.logits) }
    #expect(Set(drawn) == [1, 2, 3])
    var small = Sampler(SamplingOptions(temperature: 1, topP: 0.5, topK: 3, seed: 5))
    #expect((0..<100).allSatisfy { _ in [1, 3].contains(small.next(Self.logits)) })
  }

  /// A flat vocabulary, of which nothing is much less likely, and a steep one give the same nucleus
  /// as sorting all of it.
  @Test func aNucleusIsTheSameWhateverIsSorted() {
    for steepness in [Float(0.001), 0.1, 4] {
      let logits = (0..<200).map { Float(($0 * 37) % 200) * steepness }
      let weights = logits.map { exp(Double($0 - (logits.max() ?? 0))) }
      let ranked = weights.indices.sorted { (weights[$0], $1) > (weights[$1], $0) }
      var sum = 0.0
      let wanted = 0.9 * weights.reduce(0, +)
      let count = ranked.prefix { id in
        defer { sum += weights[id] }
        return sum < wanted
      }.count
      var sampler = Sampler(SamplingOptions(temperature: 1, topP: 0.9, seed: 9))
      let drawn = Set((0..<5000).map { _ in Int(sampler.next(logits)) })
      #expect(drawn.isSubset(of: ranked.prefix(count)) && drawn.count > count / 2)
    }
  }

  @Test func thePenaltyMakesRoomForOthers() {
    var sampler = Sampler(SamplingOptions(repetitionPenalty: 1.5))
    #expect(sampler.next(Self.logits) == 1)
    #expect(sampler.next(Self.logits) == 3)
  }

  @Test func slopesAreALiBis() {
    #expect(LightningSlopes.alibi(heads: 8) == (1...8).map { 1 / Double(1 << $0) })
    let nine = LightningSlopes.alibi(heads: 9)
    #expect(nine.count == 9)
    #expect(abs(nine[8] - 0.7071067811865476) < 1e-12, "2^-0.5: the first of the next power's")
  }
}
