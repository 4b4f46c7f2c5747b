import Foundation

/// Ranks the units of a text by how well they support an answer.
package struct Evidence {
  private static let quotes = 5

  /// The best unit of each of the best blocks; scores up to 1.
  package let ranked: [(unit: Int, score: Double)]
  /// Of each unit.
  package let scores: [Double]
  package let lexical: LexicalScores
  /// How much of the question the best unit and its block say, up to 1.
  package let support: Double
  private let tuning: RetrievalTuning

  package var blocks: TextBlocks { lexical.blocks }

  /// True where no block stands out: a question in other words than the text's, as books get them,
  /// or about all of it.
  package var isSpread: Bool {
    ranked.count > 2 && ranked[2].score > tuning.equalShare * ranked[0].score
      && (support < tuning.enough || !lexical.hasTerms)
  }

  /// When the question, such as "What is it about?", names nothing, the whole document answers it.
  /// - Parameter attention: of each unit.
  package init(_ text: QuotableText, _ lexical: LexicalScores, attention: [Double]) {
    self.init(
      lexical: lexical, central: lexical.hasTerms ? nil : CentralScores(text),
      attention: attention, asksItself: text.asks, text.tuning)
  }

  /// Of an answer: units count that match the question and the answer, and where the model looked.
  /// - Parameters:
  ///   - attention: of each unit, while the answer was written.
  ///   - isSure: false for an answer that may well be wrong: then the question's words alone say
  ///     what goes first.
  package init(
    _ text: QuotableText, _ lexical: LexicalScores, answer: LexicalScores, attention: [Double],
    isSure: Bool = true
  ) {
    let share = text.tuning.answerShare * lexical.best / max(answer.best, 1e-9)
    let words = zip(lexical.scores, answer.scores).map { $0 + share * $1 }
    self.init(
      lexical: lexical, central: nil, attention: attention,
      // A heading that holds the answer's words answers.
      asksItself: { text.asks($0) && answer.scores[$0] <= 0 }, text.tuning,
      words: lexical.hasTerms ? words : answer.scores,
      best: lexical.hasTerms ? lexical.best * (1 + text.tuning.answerShare) : answer.best,
      holding: isSure ? answer.shares : [:])
  }

  /// - Parameter central: stands in for the words' match when the question names nothing.
  init(
    lexical: LexicalScores, central: CentralScores?, attention: [Double],
    asksItself: (Int) -> Bool, _ tuning: RetrievalTuning = .chosen, words given: [Double]? = nil,
    best: Double? = nil, holding shares: [Int: Double] = [:]
  ) {
    let words = given ?? central?.scores ?? lexical.scores
    let best = max(best ?? lexical.best, 1e-9)
    let top = max(words.max() ?? 0, 1e-9)
    let scores = Self.joined(words, attention, tuning).enumerated().map { unit, score in
      score > tuning.leastShare && asksItself(unit) ? tuning.questionShare * score : score
    }
    let chosen = lexical.blocks.bestUnits(scores, count: Self.quotes, atLeast: tuning.leastShare)
    let scale = central == nil ? top / best : 1
    let said = chosen.first.map { min(words[$0] / best, 1) } ?? 0

    let order = Self.order(chosen, scores, holding: shares, tuning)
    ranked = order.enumerated().map { place, unit in
      // What goes first for holding the answer is no worse than what it goes before.
      let score = order[place...].map { scores[$0] }.max() ?? 0
      return (unit, min(score * scale, 1))
    }
    support = central == nil ? said : 1
    self.scores = scores
    self.lexical = lexical
    self.tuning = tuning
  }

  /// The first quote is one that holds the answer: where the best holds less than some of its words,
  /// the best of those that hold the most goes before it.
  private static func order(
    _ chosen: [Int], _ scores: [Double], holding shares: [Int: Double], _ tuning: RetrievalTuning
  ) -> [Int] {
    guard let first = chosen.first, let most = shares.values.max(),
      shares[first, default: 0] < tuning.heldShare * most
    else { return chosen }
    let holders = shares.filter { $0.value > most - 1e-9 }.keys
    guard let holder = holders.max(by: { (scores[$0], $1) < (scores[$1], $0) }) else {
      return chosen
    }
    return Array(([holder] + chosen.filter { $0 != holder }).prefix(quotes))
  }

  private static func joined(
    _ words: [Double], _ attention: [Double], _ tuning: RetrievalTuning
  ) -> [Double] {
    let top = max(words.max() ?? 0, 1e-9)
    let topAttention = max(attention.max() ?? 0, 1e-9)
    let share = tuning.attentionShare
    // Attention is spiky: its root keeps one loud token from deciding alone.
    return zip(words, attention).map { word, attention in
      (1 - share) * word / top + share * (attention / topAttention).squareRoot()
    }
  }
}
