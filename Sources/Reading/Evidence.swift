import Foundation

/// Ranks the units of a text by how well they support an answer.
struct Evidence {
  /// Attention's share beside the words' match.
  static let attentionShare = 0.25
  /// Below this share of the question's content named near the best units, the
  /// document does not support an answer.
  static let leastCoverage = 0.5
  private static let quotes = 5
  private static let leastScore = 0.35
  /// What a unit counts that asks itself.
  private static let questionShare = 0.5

  let ranked: [(unit: Int, score: Double)]
  let isSupported: Bool

  /// - Parameter central: stands in for the words' match when the question, such as "What is
  ///   it about?", names nothing; the whole document then answers it.
  init(lexical: LexicalScores, central: CentralScores?, attention: [Double], asksItself: (Int) -> Bool) {
    let words = central?.scores ?? lexical.scores
    let topWords = max(words.max() ?? 0, 1e-9)
    let topAttention = max(attention.max() ?? 0, 1e-9)
    // Attention is spiky: its root keeps one loud token from deciding alone.
    let scores = zip(words, attention).map { word, attention in
      (1 - Self.attentionShare) * word / topWords + Self.attentionShare * (attention / topAttention).squareRoot()
    }
    let best = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(4 * Self.quotes)
    let weighed = best.map { (unit: $0, score: asksItself($0) ? Self.questionShare * scores[$0] : scores[$0]) }
    ranked = Self.distinct(weighed.sorted { ($0.score, $1.unit) > ($1.score, $0.unit) })
    isSupported = central != nil || lexical.coverage(of: ranked.prefix(2).map(\.unit)) >= Self.leastCoverage
  }

  /// Without units beside a better one: a quote is shown with its neighbours' words counted.
  private static func distinct(_ units: [(unit: Int, score: Double)]) -> [(unit: Int, score: Double)] {
    var chosen: [(unit: Int, score: Double)] = []
    for candidate in units where candidate.score >= leastScore {
      if !chosen.contains(where: { abs($0.unit - candidate.unit) <= 1 }) { chosen.append(candidate) }
      if chosen.count == quotes { break }
    }
    return chosen
  }
}
