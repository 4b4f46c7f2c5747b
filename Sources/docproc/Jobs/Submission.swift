import Answering
import ArgumentParser
import Documents
import Foundation
import Host
import Jobs
import Retrieval
import Schemas

/// What submitting takes, shared by `submit` and `ask`.
struct SubmissionOptions: ParsableArguments {
  @OptionGroup var database: DatabaseOptions

  @Option(help: "The model's name, or its folder on the workers' hosts.")
  var model = DefaultModel.name

  @Option(help: "Higher goes first.")
  var priority = 0

  @OptionGroup
  var document: DocumentOptions

  @Flag(help: "Order it again even if the same was ordered before.")
  var again = false

  @Option(help: "Orders with the same key are the same job, whatever else they say.")
  var key: String?

  @Option(help: "Seconds that the job may take once it is claimed; longer, and it fails.")
  var deadline: Int?

  @OptionGroup
  var writing: WritingOptions

  @Option(
    help: "Tools that the model may call instead of answering, in OpenAI's format, as JSON.",
    completion: .file())
  var tools: String?

  @Option(help: "auto (as the model likes), required, none, or the name of the tool to be called.")
  var toolChoice: String?

  /// - Throws: `UserError`, `ToolError`, `GrammarError.refused` for tools that cannot be used.
  func chosenTools() throws -> ToolSet? {
    try tools.flatMap { try ToolFile.read($0, choice: toolChoice) }
  }

  /// What is said about how to answer, all of it part of the order.
  func parameters(_ document: Document) throws -> JobParameters {
    let chosen = try chosenTools()
    return JobParameters(
      from: writing.from?.rawValue, focused: writing.focused ? true : nil,
      mostAnswerTokens: writing.maxAnswerTokens, thinkTokens: writing.thinkTokens,
      beyondContext: writing.beyondContext ? true : nil, keep: writing.keep == .no ? false : nil,
      tools: chosen.map { EmbeddedJSON($0.text) },
      toolChoice: chosen.flatMap { _ in toolChoice.map(EmbeddedJSON.init) },
      effort: writing.effort,
      documentNotes: document.notes.isEmpty ? nil : document.notes)
  }

  func validate() throws {
    if key != nil, again { throw ValidationError("--key and --again contradict each other") }
    if toolChoice != nil, tools == nil {
      throw ValidationError("--tool-choice is for --tools FILE")
    }
    if let deadline, deadline <= 0 { throw ValidationError("--deadline must be positive") }
  }

  @OptionGroup var output: OutputOptions
}

/// Submits a document with a task.
struct Submission {
  let options: SubmissionOptions

  /// What was submitted before and has come to nothing is done again.
  /// - Parameter adding: puts more into the order's parameters.
  func submit(
    _ document: Document, _ task: JobTask, question: String?, _ database: JobDatabase,
    adding: (inout JobParameters) -> Void = { _ in }
  ) throws -> (id: Int, created: Bool) {
    let jobs = database.submitter
    var parameters = try options.parameters(document)
    adding(&parameters)
    let (id, created) = try jobs.submit(
      JobOrder(
        document, task, question: question, model: DataHome.modelName(options.model),
        parameters: parameters,
        priority: options.priority, again: options.again, key: options.key,
        deadlineSeconds: options.deadline))
    let state = try jobs.status(id).state
    if !created, state == .failed || state == .cancelled {
      note("job \(id) was submitted before and \(state == .failed ? "failed" : "cancelled"): again")
      _ = try database.operator.retry(id)
    }
    return (id, created)
  }

  /// - Throws: `UserError` where more is to be read than was agreed to.
  func agree(to documents: [Document], _ jobs: Submitter) throws {
    let speed = try jobs.readingSpeed(model: DataHome.modelName(options.model))
    try options.document.agree(to: documents, tokensPerSecond: speed, options.output)
  }

  /// With the embedded database the workers' host is this one: a model that is not here
  /// would be waited for in vain.
  func checkModel() throws {
    let isHere = FileManager.default.fileExists(atPath: DataHome.modelFolder(options.model))
    guard options.database.isEmbedded, options.model != DefaultModel.name, !isHere else { return }
    throw UserError(
      "there is no model \(options.model) on this host (looked in "
        + "\(DataHome.modelFolder(options.model)))"
    )
  }

  /// With the embedded database a newcomer need not know of workers: one is started.
  func ensureWorker(_ jobs: Submitter) throws {
    if options.database.isEmbedded, options.model == DefaultModel.name {
      try ModelInstaller.installDefault(report: note)
    }

    guard options.database.isEmbedded else {
      if try jobs.liveWorkers() == 0 {
        note("no worker is running; the job waits until a docproc-worker is started")
      }
      return
    }
    // Counted by process, not by heartbeat: one that was just killed still looks alive in the
    // queue.
    let local = options.database.localWorkers
    guard local.running.isEmpty else { return }
    _ = try local.start(count: 1, threads: 0)
    note("started a worker in the background; stop it with: docproc down")
  }

  /// A job that nobody can do yet is no surprise to who was told so.
  func tellWhatIsMissing(_ jobs: Submitter) throws {
    let isHere = FileManager.default.fileExists(atPath: DataHome.modelFolder(options.model))
    if options.database.isEmbedded, !isHere {
      note("no model is installed here: docproc model install, or docproc up, which does it")
    }
    if try jobs.liveWorkers() == 0 {
      note(
        options.database.isEmbedded
          ? "no worker is running: docproc up starts one"
          : "no worker is running; the job waits until a docproc-worker is started")
    }
  }

  private func note(_ text: String) { options.output.note(text) }
}

struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit", abstract: "Put a document on the queue.",
    discussion:
      "The same document, task and model give the same job again, unless --again is given.")

  @Argument(
    help: """
      Files, directories (codebases), PATH@REV of git repositories, or - for standard input: a \
      job each. Text, EPUB, PDF, DOCX, ODT, RTF, HTML, notebooks, mail and archives are read.
      """, completion: .file())
  var paths: [String]

  @Flag(help: "All paths are one document, and one job.")
  var together = false

  @Option(help: "What to do.")
  var task = JobTask.summarize

  @Option(help: "The question, for --task ask; else what the summary or the data shall be about.")
  var question: String?

  @Option(
    help: "A JSON Schema, for --task extract: the answer is JSON that is valid under it.",
    completion: .file())
  var schema: String?

  @Option(help: "Take data out of each part, chapter, file, page or mail; default: of the whole.")
  var each: TextParts.Kind?

  @Flag(help: "Wait for the result and print it.")
  var wait = false

  @OptionGroup var options: SubmissionOptions

  func validate() throws {
    let hasQuestion = question.map { !$0.allSatisfy(\.isWhitespace) } ?? false
    if task == .ask, !hasQuestion {
      throw ValidationError("--task ask needs a question: --question \"...\"")
    }
    if paths.count > 1, options.key != nil, !together {
      throw ValidationError("--key is for one job: give one path, or --together")
    }
    guard (task == .extract) == (schema != nil) else {
      throw ValidationError("--task extract and --schema FILE belong together")
    }
    if each != nil, task != .extract { throw ValidationError("--each is for --task extract") }
    if task == .extract, options.writing.effort != nil {
      throw ValidationError("--effort is for answers, not for --task extract")
    }
    if options.tools != nil, task != .ask { throw ValidationError("--tools is for --task ask") }
    if task == .chat { throw ValidationError("--task chat is for the HTTP API: use ask") }
    if task == .summarize { try options.writing.refuseForSummary() }
    if question != nil, !hasQuestion { throw ValidationError("the question is empty") }
    if let question { try DocumentOptions.check(question: question) }
  }

  func run() throws {
    // Files are read first: nothing is started for one that is wrong.
    _ = try options.chosenTools()
    let wanted = try schema.map(SchemaFile.read)
    let documents =
      together
      ? [try options.document.load(together: paths, options.output)]
      : try paths.map { try options.document.load($0, options.output) }
    let submission = Submission(options: options)
    try submission.checkModel()
    let database = try options.database.open()
    try submission.agree(to: documents, database.submitter)
    let jobs = try documents.map {
      try submission.submit($0, task, question: question, database) {
        $0.each = each?.rawValue
        $0.schema = wanted.map { EmbeddedJSON($0.tree.text) }
      }
    }
    if wait {
      try submission.ensureWorker(database.submitter)
      let follower = JobFollower(database.submitter, options.database, options.output)
      return try jobs.forEach { try follower.follow($0.id) }
    }

    for (id, created) in jobs { try tell(id, created, database.submitter) }
    if !options.output.isJSON { try submission.tellWhatIsMissing(database.submitter) }
  }

  private func tell(_ id: Int, _ created: Bool, _ jobs: Submitter) throws {
    let status = try jobs.status(id)
    options.output.print(
      status,
      text: "job \(id) "
        + (created ? "submitted" : "was submitted before and is \(status.state.rawValue)"))
  }
}

extension JobTask: ExpressibleByArgument {}
extension TextParts.Kind: ExpressibleByArgument {}
