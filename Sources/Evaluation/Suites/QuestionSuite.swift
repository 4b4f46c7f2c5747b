import Results
import Retrieval
package import Answering
import Documents
import Reading

/// Questions of SQuAD over articles joined to documents of a given length.
package struct QuestionSuite: EvaluationSuite {
  /// Tokens of a document, about.
  package var lengths: [Int]
  package var documents: Int
  /// Of each document; as many again that it does not answer.
  package var questions: Int
  /// True: a reading for each question, which is known before. False: asked after one reading.
  package var known: Bool
  /// Questions that look answerable to people too (SQuAD 2.0), instead of those of other articles.
  package var adversarial: Bool

  private static let shownPassages = 3

  package var options: AnswerOptions

  package init(
    lengths: [Int], documents: Int, questions: Int, known: Bool, adversarial: Bool,
    options: AnswerOptions
  ) {
    self.options = options
    self.lengths = lengths
    self.documents = documents
    self.questions = questions
    self.known = known
    self.adversarial = adversarial
  }

  package var parameters: String {
    "lengths=\(lengths) documents=\(documents) questions=\(questions) known=\(known) "
      + "adversarial=\(adversarial) \(options.description)"
  }
  package var files: [String] {
    [adversarial ? "squad_v2.0_dev_articles" : "squad_v1.1_dev_articles"]
  }
  package var ratios: [(name: String, of: String, to: String)] {
    [("share_of_gold", "f1", "gold_f1"), ("to_bm25", "f1", "bm25_f1")]
  }

  package func run(_ answerer: Answerer, _ data: EvaluationData, _ log: EvaluationLog) throws {
    let articles = try data.records(files[0], as: Article.self)
    for length in lengths {
      for index in 0..<documents {
        let made = try JoinedArticles(articles, of: files[0], tokens: length, index: index)
        try measure(made, length, index, answerer, log)
      }
    }
  }

  private func measure(
    _ made: JoinedArticles, _ length: Int, _ index: Int, _ answerer: Answerer, _ log: EvaluationLog
  ) throws {
    // What is weighed are answers: neither refusals nor other systems.
    let asked = made.questions(questions, adversarial: adversarial).filter {
      options.effort == 1 || $0.paragraph != nil
    }
    let keys = asked.indices.map { "\(length)/\(index)/\($0)" }
    if keys.allSatisfy(log.has) { return }
    let document = Document(name: "articles.txt", text: made.text)
    let passages = PassageIndex(made.paragraphs)
    let reading = known ? nil : try answerer.open(document)
    var focused = options
    focused.isFocused = true
    for (key, question) in zip(keys, asked) {
      try log.add(key) {
        let answer =
          try reading.map { try answerer.answer(Question(question.text), from: $0, options) }
          ?? answerer.read(document, task: .ask(Question(question.text)), options: focused)
        return try item(question, answer, made, passages, length, answerer)
      }
    }
  }

  private func item(
    _ question: JoinedArticles.Asked, _ answer: Answer, _ made: JoinedArticles,
    _ passages: PassageIndex, _ length: Int,
    _ answerer: Answerer
  ) throws -> EvaluationItem {
    var texts = answer.candidateTexts.merging(["question": question.text, "answer": answer.text]) {
      $1
    }
    var values = answer.supportValues
    guard let place = question.paragraph else {
      values["unanswerable_recognised"] = answer.isSupported ? 0 : 1
      return EvaluationItem(group: "\(length)", values: values, texts: texts)
    }
    let range = made.range(ofParagraph: place)
    texts["expected"] = question.answers.joined(separator: " | ")
    values.merge(Self.values(answer, question, range)) { $1 }
    guard options.effort == 1 else {
      return EvaluationItem(group: "\(length)", values: values, texts: texts)
    }
    let best = passages.best(Self.shownPassages, for: question.text)
    let gold = try answerer.answer(Question(question.text), fromPassages: [made.paragraphs[place]])
    let retrieved = try answerer.answer(
      Question(question.text), fromPassages: best.reversed().map { made.paragraphs[$0] })
    texts["gold_answer"] = gold
    values["gold_f1"] = AnswerMetrics.f1(gold, question.answers)
    values["gold_em"] = AnswerMetrics.exactMatch(gold, question.answers)
    values["bm25_f1"] = AnswerMetrics.f1(retrieved, question.answers)
    values["bm25_recall_3"] = best.contains(place) ? 1 : 0
    return EvaluationItem(group: "\(length)", values: values, texts: texts)
  }

  private static func values(
    _ answer: Answer, _ question: JoinedArticles.Asked, _ range: Range<Int>
  ) -> [String: Double] {
    var values = ["answer_seconds": answer.figures.answerSeconds]
    values["f1"] = AnswerMetrics.f1(answer.text, question.answers)
    values["em"] = AnswerMetrics.exactMatch(answer.text, question.answers)
    values["answerable_refused"] = answer.isSupported ? 0 : 1
    // What it would have answered, had it not been allowed to refuse.
    values["f1_unrefused"] = AnswerMetrics.f1(
      answer.candidates.last?.text ?? "", question.answers)
    values["first_quote_by_attention"] = answer.isLedByAttention ? 1 : 0
    values["evidence_1"] =
      answer.evidence.first.map { $0.start < range.upperBound && $0.end > range.lowerBound } == true
      ? 1 : 0
    values["first_quote_holds_answer"] =
      answer.evidence.first.map { quote in question.answers.contains { quote.quote.contains($0) } }
        == true ? 1 : 0
    values["evidence_3"] =
      answer.evidence.prefix(3).contains {
        $0.start < range.upperBound && $0.end > range.lowerBound
      } ? 1 : 0
    return values
  }
}
