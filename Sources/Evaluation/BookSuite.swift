import Documents
import Reading

/// Questions about whole books (LiteraryQA), asked after one reading of each, and as many about
/// another book, which this one does not answer but for a few that fit any ("Where does the story
/// begin?").
public struct BookSuite: EvaluationSuite {
  /// Books at most, the shortest first.
  public var books: Int
  /// Questions of each at most.
  public var questions: Int

  private static let passageWords = 100
  private static let shownPassages = 4

  public init(books: Int, questions: Int) {
    self.books = books
    self.questions = questions
  }

  public var parameters: String { "books=\(books) questions=\(questions)" }
  public var files: [String] { ["literaryqa_wholebook_val"] }
  public var ratios: [(name: String, of: String, to: String)] { [("to_bm25", "f1", "bm25_f1")] }

  public func run(_ reader: ModelReader, _ data: EvaluationData, _ log: EvaluationLog) throws {
    let all = try data.records(files[0], as: QuestionedText.self).sorted {
      $0.text.utf8.count < $1.text.utf8.count
    }
    for (index, book) in all.prefix(books).enumerated() {
      let others = all.count > 1 ? all[(index + 1) % all.count].questions.prefix(questions) : []
      try measure(book, others: Array(others), index, reader, log)
    }
  }

  private func measure(
    _ book: QuestionedText, others: [QuestionedText.Question], _ index: Int, _ reader: ModelReader,
    _ log: EvaluationLog
  ) throws {
    let own = book.questions.prefix(questions)
    let keys = own.indices.map { "\(index)/\($0)" }
    let otherKeys = others.indices.map { "\(index)/other/\($0)" }
    if (keys + otherKeys).allSatisfy(log.has) { return }
    let reading = try reader.open(Document(name: "book.txt", text: book.text), for: nil)
    let passages = PassageIndex.passages(of: book.text, words: Self.passageWords)
    let bm25 = PassageIndex(passages)
    for (key, question) in zip(keys, own) {
      try log.add(key) {
        let best = bm25.best(Self.shownPassages, for: question.q).reversed().map { passages[$0] }
        return try item(question, try reader.answer(question.q, from: reading), Array(best), reader)
      }
    }

    for (key, question) in zip(otherKeys, others) {
      try log.add(key) { unanswerable(question, try reader.answer(question.q, from: reading)) }
    }
  }

  private func unanswerable(_ question: QuestionedText.Question, _ answer: Answer) -> EvaluationItem
  {
    EvaluationItem(
      group: "books",
      values: ["unanswerable_recognised": answer.isSupported ? 0 : 1].merging(answer.supportValues)
      { $1 },
      texts: answer.candidateTexts.merging(["question": question.q, "answer": answer.text]) { $1 })
  }

  private func item(
    _ question: QuestionedText.Question, _ answer: Answer, _ best: [String], _ reader: ModelReader
  ) throws -> EvaluationItem {
    let retrieved = try reader.answer(question.q, fromPassages: best)
    let closed = try reader.answer(question.q, fromPassages: [])
    return EvaluationItem(
      group: "books",
      values: [
        "f1": AnswerMetrics.f1(answer.text, question.refs),
        "em": AnswerMetrics.exactMatch(answer.text, question.refs),
        "rouge_l": Rouge(answer.text, references: question.refs).longest,
        "answerable_refused": answer.isSupported ? 0 : 1,
        "bm25_f1": AnswerMetrics.f1(retrieved, question.refs),
        "closed_book_f1": AnswerMetrics.f1(closed, question.refs),
      ].merging(answer.supportValues) { $1 },
      texts: answer.candidateTexts.merging([
        "question": question.q, "answer": answer.text, "bm25_answer": retrieved,
        "expected": question.refs.joined(separator: " | "),
      ]) { $1 })
  }
}
