import Answering
import ArgumentParser
import Evaluation
import Foundation
import Retrieval

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune", abstract: "Choose constants anew on development data.",
    discussion: """
      Prints what it would choose beside what is built in; it changes nothing. The constants stand \
      in Sources/Retrieval/Tuning.swift and Sources/Answering/Tuning.swift.
      """,
    subcommands: [TuneRetrieval.self, TuneAnswers.self, TuneDoubt.self])
}

struct TuneRetrieval: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrieval",
    abstract: "How sentences are ranked: on SQuAD's training articles, without a model.")

  @Option(help: "The folder of the data set squad_v1.1_train_articles.")
  var data: String

  @Option(help: "Documents that are joined from articles.")
  var documents = 20

  @Option(help: "Questions for each document.")
  var questions = 40

  @Flag(help: "Print JSON.")
  var json = false

  private static let file = "squad_v1.1_train_articles"

  private struct Report: Encodable {
    let steps: [RetrievalSearch.Step]
    let rank: Double
    let tuning: RetrievalTuning
  }

  func validate() throws {
    guard documents >= 1, questions >= 1 else {
      throw ValidationError("--documents and --questions must be at least 1")
    }
  }

  func run() throws {
    let source = EvaluationData(folder: data)
    try source.require([Self.file])
    let search = try RetrievalSearch(
      source, file: Self.file, documents: documents, questions: questions)
    var steps: [RetrievalSearch.Step] = []
    let found = search.run { step in
      steps.append(step)
      if !json { print(Self.line(step)) }
    }
    let report = Report(steps: steps, rank: found.rank, tuning: found.tuning)
    print(json ? JSONText.pretty(report) : "mean reciprocal rank \(Self.number(found.rank))")
  }

  private static func line(_ step: RetrievalSearch.Step) -> String {
    let change =
      step.before == step.after
      ? "stays \(number(step.before))" : "\(number(step.before)) -> \(number(step.after))"
    let gain = "gain of the best other value \(number(step.gain)), error \(number(step.error))"
    return "\(step.constant)  \(change)  (\(gain))"
  }

  static func number(_ value: Double) -> String { String(format: "%.4g", value) }
}

struct TuneAnswers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "answers",
    abstract: "When to refuse: from what model eval qa and books have recorded.")

  @Argument(help: "Logs: files of evaluations/ in the data directory.", completion: .file())
  var logs: [String]

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let search = try RefusalSearch(logs: logs)
    let outcomes = ["now": search.outcome(.chosen), "best": search.best()]
    if json { return print(JSONText.pretty(outcomes)) }
    for (name, outcome) in outcomes.sorted(by: { $0.key > $1.key }) {
      print(Self.line(name, outcome))
    }
  }

  private static func line(_ name: String, _ outcome: RefusalSearch.Outcome) -> String {
    let number = TuneRetrieval.number
    return """
      \(name): threshold \(number(outcome.threshold)), words \(number(outcome.wordsWeight)), \
      spread \(number(outcome.spread)): score \(number(outcome.score)), answerable refused \
      \(number(outcome.answerableRefused)), unanswerable recognised \
      \(number(outcome.unanswerableRecognised))
      """
  }
}

struct TuneDoubt: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doubt",
    abstract: "Which answers are uncertain: from what model eval qa and books have recorded.")

  @Argument(help: "Logs: files of evaluations/ in the data directory.", completion: .file())
  var logs: [String]

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let search = try DoubtSearch(logs: logs)
    let outcomes = ["now": search.outcome(.chosen), "best": search.best()]
    if json { return print(JSONText.pretty(outcomes)) }
    for (name, outcome) in outcomes.sorted(by: { $0.key > $1.key }) {
      print(Self.line(name, outcome))
    }
  }

  private static func line(_ name: String, _ outcome: DoubtSearch.Outcome) -> String {
    let number = TuneRetrieval.number
    return """
      \(name): doubtful \(number(outcome.doubtful)), words \(number(outcome.doubtWords)): of \
      \(outcome.wrong) wrong answers \(number(outcome.wrongMarked)) are marked, of \
      \(outcome.right) right ones \(number(outcome.rightMarked))
      """
  }
}
