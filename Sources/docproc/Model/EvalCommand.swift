import Answering
import ArgumentParser
import Digests
import Documents
import Evaluation
import Foundation
import Host
import Inference
import Reading

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure a model's quality.",
    discussion: """
      ppl      perplexity over windows spread evenly over --text, each read from an empty state; with
               --reference also the ratio to another model over the same tokens
      needle   numbers hidden in --text, repeated to each length, at each depth
      qa       SQuAD's questions over joined articles, beside the gold paragraph alone and BM25's best three
      books    questions about whole books (LiteraryQA) and as many about another, beside BM25's best
               passages and no book at all
      summary  meetings, stories and textbook sections, ROUGE, beside the first sentences and TextRank
      route    all ways to answer after one reading, with the reading taken away too; the model's
               folder notes which one answers when nobody chooses
      schemas  JSON Schemas, files below --text: what is written under each, and whether it is valid
      code     where functions of the repository --text are defined, and what they return

      qa, books, summary and route need the data sets in --data. What was measured is kept under the data
      directory's evaluations/; the same command goes on where it was stopped.
      """)

  enum Suite: String, ExpressibleByArgument, CaseIterable {
    case ppl, needle, qa, books, summary, route, code, schemas
  }

  @Argument(help: "ppl, needle, qa, books, summary, route, schemas or code.")
  var suite: Suite

  @Option(help: "The model's name or folder.")
  var model = DefaultModel.name

  @Option(help: "ppl: another model with the same tokenizer, to compare with.")
  var reference: String?

  @Option(help: "ppl, needle, code: a file or a directory.")
  var text: String?

  @Option(help: "qa, books, summary, route: the folder of the data sets.")
  var data: String?

  @Option(help: "Tokens of a window or document, separated by commas.")
  var tokens: String?

  @Option(help: "Windows, texts or documents for each length, at most.")
  var count: Int?

  @Option(help: "qa, books, code: questions for each document.")
  var questions = 20

  @Option(help: "needle: percent of the text before a needle, separated by commas.")
  var depths = "0,25,50,75,100"

  @Flag(
    help: """
      needle, qa: read anew for each question, knowing it; otherwise all are asked after one \
      reading.
      """)
  var known = false

  @Flag(
    help:
      "qa: unanswerable questions that look answerable (SQuAD 2.0), not those of other articles.")
  var adversarial = false

  @Option(
    help: """
      needle, qa, books, summary: what is written from: reading, reading+passages or passages; \
      default: as the model was measured.
      """)
  var from: AnswerRoute?

  @Option(
    help: """
      needle, qa, books, summary: before anything is written, replace by an empty one the state of \
      all layers (all), of those that remember a matrix (lightning), or keys and values (softmax).
      """)
  var emptyState = StateAblation.none

  @Option(help: "schemas: 0 takes the most likely tokens, 1 draws them as the model thinks.")
  var temperature = 0.0

  @Option(help: "qa, books: answers that are weighed against each other.")
  var effort = 1

  private var options: AnswerOptions {
    var options = AnswerOptions()
    options.effort = effort
    options.route = from
    options.ablation = emptyState
    return options
  }

  @Flag(help: "Measure anew what was measured before.")
  var fresh = false

  @OptionGroup var computing: ThreadOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    let lengths = try Self.numbers(tokens ?? "2048", "--tokens")
    let depths = try Self.numbers(depths, "--depths")
    guard lengths.allSatisfy({ $0 >= 2 }) else {
      throw ValidationError("--tokens must be at least 2")
    }
    guard AnswerOptions.effortLimits.contains(effort) else {
      throw ValidationError("--effort must be within \(AnswerOptions.effortLimits)")
    }
    guard count ?? 1 >= 1, questions >= 1 else {
      throw ValidationError("--count and --questions must be at least 1")
    }
    guard depths.allSatisfy({ (0...100).contains($0) }), depths.count <= NeedleSuite.mostDepths
    else {
      throw ValidationError(
        "--depths takes at most \(NeedleSuite.mostDepths) numbers from 0 to 100")
    }
    if [.ppl, .needle, .code, .schemas].contains(suite), text == nil {
      throw ValidationError("\(suite) needs --text PATH")
    }

    if [.qa, .books, .summary, .route].contains(suite), data == nil {
      throw ValidationError("\(suite) needs --data FOLDER")
    }
  }

  func run() throws {
    if suite == .ppl { return try PerplexityReport(command: self).run() }

    let measured = try measuredSuite()
    let data = EvaluationData(folder: data ?? ".")
    try data.require(measured.files)
    let folder = DataHome.modelFolder(model)
    guard FileManager.default.fileExists(atPath: folder + "/config.json") else {
      throw UserError(
        "there is no model in \(folder); docproc model list shows those that are installed")
    }
    let log = try log(
      of: folder, measured.parameters, texts: measured.texts,
      files: try data.digest(of: measured.files))
    try measured.run(Answerer(folder: folder, threads: computing.threads), data, log)
    if suite == .route {
      return try RouteReport(model: model, folder: folder, json: json).show(log)
    }
    let table = EvaluationTable(log.items, ratios: measured.ratios)
    if json {
      print(
        JSONText.pretty(
          Report(
            suite: suite.rawValue, model: model, parameters: measured.parameters, rows: table.rows))
      )
    } else {
      print("\(suite.rawValue), \(model)\n\(table.text)")
    }
  }

  private struct Report: Encodable {
    let suite: String
    let model: String
    let parameters: String
    let rows: [EvaluationTable.Row]
  }

  private func measuredSuite() throws -> any EvaluationSuite {
    switch suite {
    case .needle, .ppl:
      NeedleSuite(
        lengths: try lengths(default: "8192"), depths: try Self.numbers(depths, "--depths"),
        repeats: count ?? 1, known: known,
        haystack: try DocumentLoader().load(text ?? "").text, options: options)
    case .qa:
      QuestionSuite(
        lengths: try lengths(default: "2048,8192,32768"), documents: count ?? 2,
        questions: questions, known: known,
        adversarial: adversarial, options: options)
    case .books: BookSuite(books: count ?? .max, questions: questions, options: options)
    case .summary: SummarySuite(count: count ?? .max, options: options)
    case .route:
      RouteSuite(
        lengths: try lengths(default: "2048,8192"), documents: count ?? 2, questions: questions)
    case .schemas:
      SchemaSuite(
        folder: text ?? "", count: count ?? .max, limit: 1000, temperature: temperature)
    case .code: CodeSuite(repository: try DocumentLoader().load(text ?? ""), questions: questions)
    }
  }

  func lengths(default value: String) throws -> [Int] {
    try Self.numbers(tokens ?? value, "--tokens")
  }

  private static func numbers(_ list: String, _ option: String) throws -> [Int] {
    try list.split(separator: ",").map { part in
      guard let number = Int(part.trimmingCharacters(in: .whitespaces)) else {
        throw ValidationError("\(option) takes numbers separated by commas, not '\(list)'")
      }
      return number
    }
  }

  /// The log named by everything that its items depend on: the model, this program, the suite's
  /// parameters, its texts, its files' digest.
  func log(of folder: String, _ parameters: String, texts: [String], files dataDigest: String)
    throws -> EvaluationLog
  {
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      $0.hasSuffix(".safetensors") || $0 == "config.json"
    }
    let weights = try SHA256.hex(ofFiles: files.sorted().map { folder + "/" + $0 })
    let program = try SHA256.hex(ofFiles: ["/proc/self/exe"])
    let texts = texts.map(SHA256.hex(of:))
    let digest = SHA256.hex(of: "\(weights) \(program) \(parameters) \(texts) \(dataDigest)")
      .prefix(12)
    let path = "\(DataHome.path)/evaluations/\(suite.rawValue)-\(digest).jsonl"
    if fresh, FileManager.default.fileExists(atPath: path) {
      try FileManager.default.removeItem(atPath: path)
    }

    return try EvaluationLog(path: path)
  }
}
