package import Answering
import Documents
import Reading
import Retrieval

/// All ways to answer beside each other, after one reading of each document: what is the reading
/// worth, and which way should answer when nobody chooses?
package struct RouteSuite: EvaluationSuite {
  /// A way to answer, and whether the reading is taken away before the question.
  package struct Way: Sendable, Hashable {
    package let route: AnswerRoute
    package let isEmptied: Bool

    package var name: String { route.rawValue + (isEmptied ? ", emptied" : "") }

    package static let all = [
      Way(route: .passages, isEmptied: false), Way(route: .readingAndPassages, isEmptied: false),
      Way(route: .readingAndPassages, isEmptied: true), Way(route: .reading, isEmptied: false),
      Way(route: .reading, isEmptied: true),
    ]
  }

  package var lengths: [Int]
  package var documents: Int
  /// Of each document; none that it does not answer.
  package var questions: Int

  package init(lengths: [Int], documents: Int, questions: Int) {
    self.lengths = lengths
    self.documents = documents
    self.questions = questions
  }

  package var parameters: String {
    "lengths=\(lengths) documents=\(documents) questions=\(questions)"
  }
  package var files: [String] { ["squad_v1.1_dev_articles"] }

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
    let asked = made.questions(questions, adversarial: false).filter { $0.paragraph != nil }
    let keys = asked.indices.map { "\(length)/\(index)/\($0)" }
    if keys.allSatisfy(log.has) { return }
    let reading = try answerer.open(Document(name: "articles.txt", text: made.text))
    for (key, question) in zip(keys, asked) {
      try log.add(key) {
        let gold = question.paragraph.map { [made.paragraphs[$0]] } ?? []
        return try item(question, gold, length, reading, answerer)
      }
    }
  }

  private func item(
    _ asked: JoinedArticles.Asked, _ gold: [String], _ length: Int, _ reading: DocumentReading,
    _ answerer: Answerer
  ) throws -> EvaluationItem {
    let question = Question(asked.text)
    let best = try answerer.answer(question, fromPassages: gold)
    var values = ["gold_f1": AnswerMetrics.f1(best, asked.answers)]
    var texts = [
      "question": asked.text, "expected": asked.answers.joined(separator: " | "),
      "gold_answer": best,
    ]
    for way in Way.all {
      var options = AnswerOptions()
      options.route = way.route
      options.ablation = way.isEmptied ? .all : .none
      let answer = try answerer.answer(question, from: reading, options)
      let said = answer.candidates.last?.text ?? ""
      values["f1 " + way.name] = AnswerMetrics.f1(answer.text, asked.answers)
      values["unrefused " + way.name] = AnswerMetrics.f1(said, asked.answers)
      values["refused " + way.name] = answer.isSupported ? 0 : 1
      texts["answer " + way.name] = said
    }

    return EvaluationItem(group: "\(length)", values: values, texts: texts)
  }
}

/// What `eval route` found, by length.
package struct RouteTable: Sendable, Encodable {
  package struct Row: Sendable, Encodable {
    package let group: String
    package let way: String
    package let questions: Int
    package let f1: Double
    package let error: Double
    /// F1 of what would have been answered, had nothing been refused.
    package let unrefused: Double
    package let refused: Double
    package let goldF1: Double

    enum CodingKeys: String, CodingKey {
      case group, way, questions, f1, error, unrefused, refused
      case goldF1 = "gold_f1"
    }
  }

  /// A mean difference of F1 over the same questions.
  package struct Difference: Sendable, Encodable {
    package let group: String
    package let what: String
    package let mean: Double
    package let error: Double
  }

  package let rows: [Row]
  package let differences: [Difference]
  /// Over all questions, by which the route is chosen.
  package let measured: MeasuredRoute

  private typealias Way = RouteSuite.Way

  package init(_ items: [EvaluationItem]) {
    let groups = Dictionary(grouping: items, by: \.group).sorted {
      (Int($0.key) ?? 0) < (Int($1.key) ?? 0)
    }
    rows = groups.flatMap { group, items in RouteSuite.Way.all.map { Self.row(group, $0, items) } }
    differences = groups.flatMap { Self.differences($0.key, $0.value) }
    let gain = Self.gain(.both, over: .passages, items)
    measured = MeasuredRoute(gain: gain.mean, error: gain.error, questions: items.count)
  }

  private static func row(_ group: String, _ way: Way, _ items: [EvaluationItem]) -> Row {
    let f1 = items.compactMap { $0.values["f1 " + way.name] }
    func mean(_ name: String) -> Double { Statistics.mean(items.compactMap { $0.values[name] }) }
    return Row(
      group: group, way: way.name, questions: f1.count, f1: Statistics.mean(f1),
      error: Statistics.gain(of: f1, over: f1.map { _ in 0 }).error,
      unrefused: mean("unrefused " + way.name), refused: mean("refused " + way.name),
      goldF1: mean("gold_f1"))
  }

  private static func differences(_ group: String, _ items: [EvaluationItem]) -> [Difference] {
    let pairs: [(Way, Way)] = [
      (.both, .passages), (.both, .bothEmptied), (.reading, .readingEmptied),
    ]
    return pairs.map { one, other in
      let gain = gain(one, over: other, items)
      return Difference(
        group: group, what: "\(one.name) less \(other.name)", mean: gain.mean, error: gain.error)
    }
  }

  private static func gain(
    _ one: Way, over other: Way, _ items: [EvaluationItem]
  ) -> (mean: Double, error: Double) {
    func values(_ way: Way) -> [Double] { items.compactMap { $0.values["f1 " + way.name] } }
    return Statistics.gain(of: values(one), over: values(other))
  }
}

extension RouteSuite.Way {
  fileprivate static let passages = Self(route: .passages, isEmptied: false)
  fileprivate static let both = Self(route: .readingAndPassages, isEmptied: false)
  fileprivate static let bothEmptied = Self(route: .readingAndPassages, isEmptied: true)
  fileprivate static let reading = Self(route: .reading, isEmptied: false)
  fileprivate static let readingEmptied = Self(route: .reading, isEmptied: true)
}
