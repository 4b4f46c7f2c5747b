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

  let ranked: [(unit: Int, score: Double)]
  let isSupported: Bool

  init(lexical: LexicalScores, attention: [Double]) {
    let topLexical = max(lexical.scores.max() ?? 0, 1e-9)
    let topAttention = max(attention.max() ?? 0, 1e-9)
    let lexicalShare = lexical.hasTerms ? 1 - Self.attentionShare : 0
    let scores = zip(lexical.scores, attention).map { lexical, attention in
      lexicalShare * lexical / topLexical + (1 - lexicalShare) * (attention / topAttention).squareRoot()
    }
    let best = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(4 * Self.quotes)
    ranked = Self.distinct(best.map { ($0, scores[$0]) })
    isSupported = lexical.hasTerms && lexical.coverage(of: ranked.prefix(2).map(\.unit)) >= Self.leastCoverage
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
