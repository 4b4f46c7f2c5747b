import Retrieval
package import Answering
import Documents
import Reading
import Results

/// Questions about whole books (LiteraryQA), asked after one reading of each, and as many about
/// another book, which this one does not answer but for a few that fit any ("Where does the story
/// begin?").
package struct BookSuite: EvaluationSuite {
  /// Books at most, the shortest first.
  package var books: Int
  /// Questions of each at most.
  package var questions: Int

  private static let passageWords = 100
  private static let shownPassages = 4

  package var options: AnswerOptions

  package init(books: Int, questions: Int, options: AnswerOptions) {
    self.options = options
    self.books = books
    self.questions = questions
  }

  package var parameters: String { "books=\(books) questions=\(questions) \(options.description)" }
  package var files: [String] { ["literaryqa_wholebook_val"] }
  package var ratios: [(name: String, of: String, to: String)] { [("to_bm25", "f1", "bm25_f1")] }

  package func run(_ answerer: Answerer, _ data: EvaluationData, _ log: EvaluationLog) throws {
    let all = try data.records(files[0], as: QuestionedText.self).sorted {
      $0.text.utf8.count < $1.text.utf8.count
    }
    for (index, book) in all.prefix(books).enumerated() {
      let others = all.count > 1 ? all[(index + 1) % all.count].questions.prefix(questions) : []
      try measure(book, others: Array(others), index, answerer, log)
    }
  }

  private func measure(
    _ book: QuestionedText, others: [QuestionedText.Question], _ index: Int, _ answerer: Answerer,
    _ log: EvaluationLog
  ) throws {
    let own = book.questions.prefix(questions)
    // What is weighed are answers: neither refusals nor other systems.
    let others = options.effort == 1 ? others : []
    let keys = own.indices.map { "\(index)/\($0)" }
    let otherKeys = others.indices.map { "\(index)/other/\($0)" }
    if (keys + otherKeys).allSatisfy(log.has) { return }
    let reading = try answerer.open(Document(name: "book.txt", text: book.text))
    let passages = PassageIndex.passages(of: book.text, words: Self.passageWords)
    let bm25 = PassageIndex(passages)
    for (key, question) in zip(keys, own) {
      try log.add(key) {
        let best = bm25.best(Self.shownPassages, for: question.q).reversed().map { passages[$0] }
        return try item(
          question, try answerer.answer(Question(question.q), from: reading, options), Array(best),
          answerer)
      }
    }

    for (key, question) in zip(otherKeys, others) {
      try log.add(key) {
        unanswerable(question, try answerer.answer(Question(question.q), from: reading, options))
      }
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
    _ question: QuestionedText.Question, _ answer: Answer, _ best: [String], _ answerer: Answerer
  ) throws -> EvaluationItem {
    var values = [
      "f1": AnswerMetrics.f1(answer.text, question.refs),
      "em": AnswerMetrics.exactMatch(answer.text, question.refs),
      "rouge_l": Rouge(answer.text, references: question.refs).longest,
      "answerable_refused": answer.isSupported ? 0 : 1,
      "answer_seconds": answer.figures.answerSeconds,
    ].merging(answer.supportValues) { $1 }
    var texts = answer.candidateTexts.merging([
      "question": question.q, "answer": answer.text,
      "expected": question.refs.joined(separator: " | "),
    ]) { $1 }
    if options.effort == 1 {
      let retrieved = try answerer.answer(Question(question.q), fromPassages: best)
      let closed = try answerer.answer(Question(question.q), fromPassages: [])
      values["bm25_f1"] = AnswerMetrics.f1(retrieved, question.refs)
      values["closed_book_f1"] = AnswerMetrics.f1(closed, question.refs)
      texts["bm25_answer"] = retrieved
    }
    return EvaluationItem(group: "books", values: values, texts: texts)
  }
}
