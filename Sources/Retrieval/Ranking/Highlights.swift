import Foundation

/// Chooses the units that together tell best what a text says.
package enum Highlights {
  package static let fewest = 8
  private static let most = 12
  private static let tokensPerHighlight = 6_000
  private static let attentionShare = 0.3
  /// Of units that match a focus.
  private static let focused = 8
  /// What being central counts beside matching a focus.
  private static let centralShare = 0.3

  /// Units in document order with their scores: the best of each section of the
  /// text, so that its end counts as much as its beginning.
  /// With a focus, the units that match its words, wherever they stand.
  package static func choose(
    _ central: [Double], focus: LexicalScores?, attention: [Double], tokenCount: Int
  ) -> [(unit: Int, score: Double)] {
    guard !central.isEmpty else { return [] }
    if let focus, focus.hasTerms { return matching(focus.scores, blended(central, attention)) }

    let scores = blended(central, attention)
    let count = min(max(fewest, tokenCount / tokensPerHighlight), most, central.count)
    let section = (central.count + count - 1) / count
    let top = scores.max() ?? 0

    return stride(from: 0, to: central.count, by: section).compactMap { start in
      let range = start..<min(start + section, central.count)
      guard let best = range.max(by: { (scores[$0], $1) < (scores[$1], $0) }), scores[best] > 0
      else { return nil }
      return (best, scores[best] / top)
    }
  }

  private static func matching(_ lexical: [Double], _ scores: [Double]) -> [(
    unit: Int, score: Double
  )] {
    let topLexical = max(lexical.max() ?? 0, 1e-9)
    let topScore = max(scores.max() ?? 0, 1e-9)
    let joined = zip(lexical, scores).map { $0 / topLexical + centralShare * $1 / topScore }
    let best = joined.indices.filter { lexical[$0] > 0 }.sorted {
      (joined[$0], $1) > (joined[$1], $0)
    }.prefix(focused)
    return best.sorted().map { ($0, min(joined[$0] / (1 + centralShare), 1)) }
  }

  private static func blended(_ central: [Double], _ attention: [Double]) -> [Double] {
    let topCentral = max(central.max() ?? 0, 1e-9)
    let topAttention = max(attention.max() ?? 0, 1e-9)
    // Attention is spiky: its root keeps one loud token from deciding alone.
    return zip(central, attention).map { central, attention in
      central <= 0
        ? 0
        : (1 - attentionShare) * central / topCentral + attentionShare
          * (attention / topAttention).squareRoot()
    }
  }
}
