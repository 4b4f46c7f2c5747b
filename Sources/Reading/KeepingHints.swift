import Retrieval

/// The tokens that layers with a choice keep in any case: those of the units whose words match
/// the question best.
enum KeepingHints {
  private static let mostUnits = 24
  private static let mostTokens = 700

  /// Token of the document and its salience, 1 for the best unit's.
  static func choose(_ lexical: LexicalScores, _ tokens: DocumentTokens) -> [(
    token: Int, value: Float
  )] {
    guard let top = lexical.scores.max(), top > 0 else { return [] }

    let best = lexical.scores.indices.sorted { (lexical.scores[$0], $1) > (lexical.scores[$1], $0) }
      .prefix(mostUnits)
    var hints: [(token: Int, value: Float)] = []
    for unit in best where lexical.scores[unit] > 0 {
      let range = tokens.tokens(ofUnit: unit)
      if hints.count + range.count > mostTokens { break }
      hints += range.map { ($0, Float(lexical.scores[unit] / top)) }
    }

    return hints
  }
}
