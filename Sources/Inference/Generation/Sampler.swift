import Foundation

/// How the next token is chosen.
package struct SamplingOptions: Sendable, Equatable {
  /// 0 takes the most likely token.
  package var temperature: Double
  /// The share of probability that the candidates make up (nucleus, arXiv 1904.09751).
  package var topP: Double
  /// The most likely tokens that are candidates at all; 0: all.
  package var topK: Int
  package var seed: UInt64
  /// Divides the logits of tokens that were generated before (arXiv 1909.05858); 1 leaves them.
  package var repetitionPenalty: Double

  package init(
    temperature: Double = 0, topP: Double = 1, topK: Int = 0, seed: UInt64 = 0,
    repetitionPenalty: Double = 1
  ) {
    self.topK = topK
    self.temperature = temperature
    self.topP = topP
    self.seed = seed
    self.repetitionPenalty = repetitionPenalty
  }
}

/// SplitMix64: the same sequence on every host for the same seed.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64
  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Chooses tokens from logits.
package struct Sampler {
  private let options: SamplingOptions
  private var generator: SplitMix64
  private var seen: Set<Int> = []

  package init(_ options: SamplingOptions) {
    self.options = options
    generator = SplitMix64(seed: options.seed)
  }

  /// The next token's id. Equal logits go to the lower id.
  package mutating func next(_ logits: [Float]) -> Int32 {
    let adjusted = penalised(logits)
    let chosen = options.temperature <= 0 ? Self.greatest(adjusted) : draw(adjusted)
    seen.insert(chosen)
    return Int32(chosen)
  }

  private func penalised(_ logits: [Float]) -> [Float] {
    guard options.repetitionPenalty != 1 else { return logits }

    var adjusted = logits
    let penalty = Float(options.repetitionPenalty)
    for id in seen {
      adjusted[id] = adjusted[id] > 0 ? adjusted[id] / penalty : adjusted[id] * penalty
    }

    return adjusted
  }

  private static func greatest(_ logits: [Float]) -> Int {
    var best = 0
    for id in logits.indices where logits[id] > logits[best] { best = id }
    return best
  }

  private mutating func draw(_ logits: [Float]) -> Int {
    let top = logits[Self.greatest(logits)]
    let weights = logits.map { exp(Double($0 - top) / options.temperature) }
    let candidates = nucleus(weights)
    var remaining =
      Double.random(in: 0..<1, using: &generator) * candidates.reduce(0) { $0 + weights[$1] }
    for id in candidates {
      remaining -= weights[id]
      if remaining < 0 { return id }
    }

    return candidates[candidates.count - 1]
  }

  /// Of weights, what is looked at first: below it stands nearly all of a vocabulary.
  private static let likely = 1e-4

  /// The fewest most likely ids that make up `topP` of the `topK` most likely ones.
  private func nucleus(_ weights: [Double]) -> [Int] {
    let isAll = options.topK <= 0 || options.topK >= weights.count
    if isAll, options.topP >= 1 { return Array(weights.indices) }
    let total = weights.reduce(0, +)
    let share = min(max(options.topP, 0), 1)
    // Only what may be chosen is sorted: it decides the time of a token.
    var candidates = weights.indices.filter { weights[$0] >= Self.likely }
    let isEnough =
      isAll
      ? candidates.reduce(0) { $0 + weights[$1] } >= share * total
      : candidates.count >= options.topK
    if !isEnough { candidates = Array(weights.indices) }
    candidates.sort { (weights[$0], $1) > (weights[$1], $0) }
    let ranked = isAll ? candidates : Array(candidates.prefix(options.topK))
    let wanted = share * (isAll ? total : ranked.reduce(0) { $0 + weights[$1] })
    var sum = 0.0
    let count = ranked.firstIndex { id in
      sum += weights[id]
      return sum >= wanted
    }
    return Array(ranked.prefix((count ?? ranked.count - 1) + 1))
  }
}
