import Documents
package import Retrieval

/// Chooses the constants of retrieval on questions whose paragraph is known, without a model: one
/// constant after another takes the value that ranks best, as long as that is worth it.
package struct RetrievalSearch {
  /// A constant that is searched for, and what it becomes.
  package struct Step: Sendable, Encodable {
    package let constant: String
    package let before: Double
    package let after: Double
    /// Mean reciprocal rank with the new value.
    package let rank: Double
    /// What it gains, and the standard error of that over questions.
    package let gain: Double
    package let error: Double
  }

  private static let factors = [0.5, 0.8, 1.25, 2]
  private typealias Constant = (
    name: String, path: any WritableKeyPath<RetrievalTuning, Double> & Sendable
  )
  private static let constants: [Constant] = [
    ("unit.weight", \.unit.weight), ("unit.saturation", \.unit.saturation),
    ("unit.lengthShare", \.unit.lengthShare), ("block.saturation", \.block.saturation),
    ("block.lengthShare", \.block.lengthShare), ("likeness", \.likeness),
    ("pairInUnit", \.pairInUnit), ("pairInBlock", \.pairInBlock),
    ("questionShare", \.questionShare),
  ]

  private let documents: [RankedDocument]

  /// - Parameters:
  ///   - articles: SQuAD's; they are joined to documents of about 8,000 tokens.
  ///   - questions: of each document.
  /// - Throws: `EvaluationError`
  package init(_ data: EvaluationData, file: String, documents: Int, questions: Int) throws {
    let articles = try data.records(file, as: Article.self)
    self.documents = (0..<documents).map { index in
      RankedDocument(JoinedArticles(articles, characters: 34_000, seed: index), questions)
    }
  }

  /// - Parameter report: told each constant's best value, whether it is taken or not.
  /// - Returns: what is best, and its mean reciprocal rank.
  package func run(
    from start: RetrievalTuning = .chosen, report: (Step) -> Void
  ) -> (tuning: RetrievalTuning, rank: Double) {
    var best = start
    var ranks = self.ranks(start)
    for (name, path) in Self.constants {
      let tried = Self.factors.map { factor -> (tuning: RetrievalTuning, ranks: [Double]) in
        var tuning = best
        tuning[keyPath: path] *= factor
        return (tuning, self.ranks(tuning))
      }
      guard let top = tried.max(by: { Statistics.mean($0.ranks) < Statistics.mean($1.ranks) })
      else { continue }
      let gain = Statistics.gain(of: top.ranks, over: ranks)
      let isWorthIt = gain.mean > gain.error
      let step = Step(
        constant: name, before: best[keyPath: path],
        after: isWorthIt ? top.tuning[keyPath: path] : best[keyPath: path],
        rank: Statistics.mean(isWorthIt ? top.ranks : ranks), gain: gain.mean, error: gain.error)
      report(step)
      if isWorthIt { (best, ranks) = top }
    }

    return (best, Statistics.mean(ranks))
  }

  /// The reciprocal rank of each question's first right quote.
  private func ranks(_ tuning: RetrievalTuning) -> [Double] {
    documents.flatMap { $0.ranks(tuning) }
  }
}

/// A document whose questions' paragraphs are known.
private struct RankedDocument {
  private let document: Document
  private let asked: [(question: Question, answers: [String], paragraph: Range<Int>)]

  init(_ made: JoinedArticles, _ questions: Int) {
    document = Document(name: "articles.txt", text: made.text)
    asked = made.questions(questions, adversarial: false).compactMap { asked in
      asked.paragraph.map {
        (Question(asked.text), asked.answers, made.range(ofParagraph: $0))
      }
    }
  }

  func ranks(_ tuning: RetrievalTuning) -> [Double] {
    let text = QuotableText(document, tuning: tuning)
    let attention = [Double](repeating: 0, count: text.units.ranges.count)
    return asked.map { asked in
      let evidence = Evidence(text, LexicalScores(asked.question, text), attention: attention)
      let place = evidence.ranked.firstIndex { ranked in
        let quote = text.excerpt(ofUnit: ranked.unit)
        return asked.paragraph.contains(quote.start)
          && asked.answers.contains { quote.text.contains($0) }
      }
      return place.map { 1 / Double($0 + 1) } ?? 0
    }
  }
}
