import Inference

/// Articles' paragraphs one after another, in a random order of the articles, up to a length.
struct JoinedArticles {
  struct Asked {
    let text: String
    let answers: [String]
    /// The paragraph that answers; nil where none does.
    let paragraph: Int?
  }

  let paragraphs: [String]
  let text: String
  private let inside: [[Article.Question]]  // of each paragraph
  private let outside: [Article.Question]
  private let seed: Int
  /// False where there were no more paragraphs to fill the text with.
  let isFull: Bool

  /// What English takes for a token of the default model's vocabulary, about.
  private static let charactersPerToken = 4.3

  /// One of the documents of a length, always the same one.
  /// - Parameters:
  ///   - file: the data set's name, for the error.
  ///   - tokens: the document's length, about.
  /// - Throws: `EvaluationError` when all articles together are shorter.
  init(_ articles: [Article], of file: String, tokens: Int, index: Int) throws {
    self.init(
      articles, characters: Int(Double(tokens) * Self.charactersPerToken),
      seed: 1000 * tokens + index)
    guard isFull else {
      throw EvaluationError.nothingToMeasure(
        "all articles of \(file) make about "
          + "\(Int(Double(text.count) / Self.charactersPerToken)) tokens: --tokens \(tokens) is more"
      )
    }
  }

  /// `characters`: how long the text is at most, if its first paragraph is not longer.
  init(_ articles: [Article], characters: Int, seed: Int) {
    var random = SplitMix64(choices: seed)
    let order = articles.indices.shuffled(using: &random)
    var paragraphs = [String]()
    var inside = [[Article.Question]]()
    var used = 0
    var last = 0
    var isFull = false
    filling: for (count, article) in order.enumerated() {
      last = count
      for paragraph in articles[article].paragraphs {
        used += paragraph.context.count + 2
        isFull = used > characters && !paragraphs.isEmpty
        if isFull { break filling }
        paragraphs.append(paragraph.context)
        inside.append(paragraph.qas)
      }
    }
    let others = order.dropFirst(last + 1).flatMap { articles[$0].paragraphs.flatMap(\.qas) }
    self.paragraphs = paragraphs
    self.inside = inside
    self.seed = seed
    self.isFull = isFull
    outside = others.filter { !$0.answers.isEmpty }
    text = paragraphs.joined(separator: "\n\n")
  }

  /// Unicode scalars of a paragraph in the text.
  func range(ofParagraph index: Int) -> Range<Int> {
    let start = paragraphs[..<index].reduce(0) { $0 + $1.unicodeScalars.count + 2 }
    return start..<start + paragraphs[index].unicodeScalars.count
  }

  /// Questions that the text answers, from paragraphs all over it, and as many that it does not.
  func questions(_ count: Int, adversarial: Bool) -> [Asked] {
    var random = SplitMix64(choices: seed &+ 7)
    let answered = inside.indices.flatMap { index in
      inside[index].filter { !$0.answers.isEmpty }.map {
        Asked(text: $0.question, answers: $0.answers, paragraph: index)
      }
    }
    let unanswered = (adversarial ? inside.joined().filter(\.answers.isEmpty) : outside).map {
      Asked(text: $0.question, answers: [], paragraph: nil)
    }

    return Array(answered.shuffled(using: &random).prefix(count))
      + Array(unanswered.shuffled(using: &random).prefix(count))
  }
}
