import Foundation

/// Which experts a token uses, and with which weights.
struct ExpertRouting {
  enum Score {
    /// Softmax over all, cut to the chosen and renormalised (MiniMax-01, Mixtral).
    case softmax
    /// Sigmoid of each; a bias changes the choice but not the weights (DeepSeek-V3,
    /// arXiv 2412.19437, section 2.1.2; MiniMax-M2; Ling 2).
    case sigmoid(bias: [Float]?, normalised: Bool, scale: Float)
  }

  let score: Score
  let active: Int
  /// The choice is limited to the `chosen` best of `count` equal groups of experts.
  var groups: (count: Int, chosen: Int) = (1, 1)

  /// Experts and their weights, best first, from the router's output.
  func choose(_ scores: UnsafeBufferPointer<Float>) -> [(expert: Int, weight: Float)] {
    switch score {
    case .softmax:
      let best = Self.best(active, of: Array(scores), among: scores.indices)
      guard let top = best.first.map({ scores[$0] }) else { return [] }
      // A softmax over all, cut to k and renormalised, is the softmax over those k.
      return Self.shares(best, best.map { exp(scores[$0] - top) })
    case .sigmoid(let bias, let normalised, let scale):
      let gates = scores.map { 1 / (1 + exp(-$0)) }
      let ranked = bias.map { zip(gates, $0).map(+) } ?? gates
      let best = Self.best(active, of: ranked, among: candidates(ranked))
      let weights =
        normalised
        ? Self.shares(best, best.map { gates[$0] }) : best.map { ($0, gates[$0]) }
      return weights.map { ($0.0, $0.1 * scale) }
    }
  }

  private static func shares(_ experts: [Int], _ weights: [Float]) -> [(expert: Int, weight: Float)]
  {
    let sum = weights.reduce(1e-20, +)
    return zip(experts, weights).map { ($0, $1 / sum) }
  }

  /// The k greatest; of equals the first.
  private static func best(_ count: Int, of values: [Float], among candidates: some Sequence<Int>)
    -> [Int]
  {
    Array(candidates.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(count))
  }

  /// Experts of the best groups; a group is as good as its two best experts together.
  private func candidates(_ ranked: [Float]) -> [Int] {
    guard groups.count > 1 else { return Array(ranked.indices) }

    let size = ranked.count / groups.count
    let merits = (0..<groups.count).map { group in
      ranked[group * size..<(group + 1) * size].sorted(by: >).prefix(2).reduce(0, +)
    }
    return Self.best(groups.chosen, of: merits, among: merits.indices).flatMap {
      $0 * size..<($0 + 1) * size
    }
  }
}
