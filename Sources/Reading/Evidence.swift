import Foundation

/// Ranks the units of a text by how well they support an answer.
struct Evidence {
  /// Attention's share beside the words' match.
  static let attentionShare = 0.1
  private static let quotes = 5
  /// Share of the best score below which a unit is no evidence.
  private static let leastShare = 0.25
  /// What a unit counts that asks itself.
  private static let questionShare = 0.5
  /// Share of the best score above which the third best block says as much of the question. Chosen
  /// on articles, tales and books that training did not see.
  private static let equalShare = 0.8
  /// Support from which on a passage says so much of the question that it may well answer it alone.
  /// Chosen likewise.
  private static let enough = 0.5

  /// The best unit of each of the best blocks; scores up to 1.
  let ranked: [(unit: Int, score: Double)]
  /// Of each unit.
  let scores: [Double]
  let lexical: LexicalScores
  /// How much of the question the best unit and its block say, up to 1.
  let support: Double

  var blocks: TextBlocks { lexical.blocks }

  /// True where no block stands out: a question in other words than the text's, as books get them,
  /// or about all of it.
  var isSpread: Bool {
    ranked.count > 2 && ranked[2].score > Self.equalShare * ranked[0].score
      && (support < Self.enough || !lexical.hasTerms)
  }

  /// - Parameter central: stands in for the words' match when the question, such as "What is
  ///   it about?", names nothing; the whole document then answers it.
  init(
    lexical: LexicalScores, central: CentralScores?, attention: [Double], asksItself: (Int) -> Bool
  ) {
    let words = central?.scores ?? lexical.scores
    let top = max(words.max() ?? 0, 1e-9)
    let topAttention = max(attention.max() ?? 0, 1e-9)
    // Attention is spiky: its root keeps one loud token from deciding alone.
    let joined = zip(words, attention).map { word, attention in
      (1 - Self.attentionShare) * word / top + Self.attentionShare
        * (attention / topAttention).squareRoot()
    }
    let scores = joined.indices.map {
      joined[$0] > Self.leastShare && asksItself($0) ? Self.questionShare * joined[$0] : joined[$0]
    }
    self.scores = scores
    self.lexical = lexical
    let chosen = lexical.blocks.bestUnits(scores, count: Self.quotes, atLeast: Self.leastShare)
    let scale = central == nil ? top / max(lexical.best, 1e-9) : 1
    ranked = chosen.map { ($0, min(scores[$0] * scale, 1)) }
    support =
      central == nil ? chosen.first.map { min(words[$0] / max(lexical.best, 1e-9), 1) } ?? 0 : 1
  }
}
