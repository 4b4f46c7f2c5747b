import Answering
import ArgumentParser
import Evaluation
import Foundation
import Host
import Retrieval

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune", abstract: "Choose constants anew on development data.",
    discussion: """
      Prints what it would choose beside what is built in. The constants stand in \
      Sources/Retrieval/Tuning.swift and Sources/Answering/Tuning.swift; energy keeps its own in the \
      model's folder, the others change nothing.
      """,
    subcommands: [TuneRetrieval.self, TuneAnswers.self, TuneDoubt.self, TuneEnergy.self])
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

struct TuneEnergy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "energy",
    abstract: "What counts when answers are weighed: from what eval --effort N has recorded.")

  @Argument(help: "Logs: files of evaluations/ in the data directory.", completion: .file())
  var logs: [String]

  @Option(help: "Keep what is chosen in the folder of this model.")
  var model: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let search = try EnergySearch(logs: logs)
    let best = search.best()
    let folder = model.map(DataHome.modelFolder)
    let now = search.outcome(folder.map(EnergyWeights.of) ?? EnergyWeights())
    if let folder {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      let path = DataHome.file(EnergyWeights.file, ofModel: folder)
      try encoder.encode(best.weights).write(to: URL(fileURLWithPath: path))
    }
    if json { return print(JSONText.pretty(["now": now, "best": best])) }
    for (name, outcome) in [("now", now), ("best", best)] { print(Self.lines(name, outcome)) }
  }

  private static func lines(_ name: String, _ outcome: EnergySearch.Outcome) -> String {
    let number = TuneRetrieval.number
    let weights = outcome.weights
    let head = """
      \(name): document \(number(weights.document)), prior \(number(weights.prior)), \
      disagreement \(number(weights.disagreement)), unsupported \(number(weights.unsupported)), \
      over \(outcome.questions) questions
      """
    let rows = outcome.f1.keys.sorted { Int($0) ?? 0 < Int($1) ?? 0 }.map { count in
      "  \(count) answers: F1 \(number(outcome.f1[count] ?? 0)), gain "
        + "\(number(outcome.gain[count] ?? 0)) +- \(number(outcome.error[count] ?? 0)), best "
        + "among them \(number(outcome.best[count] ?? 0))"
    }
    return ([head] + rows).joined(separator: "\n")
  }
}
