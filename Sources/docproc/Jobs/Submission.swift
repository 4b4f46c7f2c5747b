import Answering
import ArgumentParser
import Documents
import Foundation
import Host
import Jobs

/// What submitting takes, shared by `submit` and `ask`.
struct SubmissionOptions: ParsableArguments {
  @OptionGroup var database: DatabaseOptions

  @Option(help: "The model's name, or its folder on the workers' hosts.")
  var model = DefaultModel.name

  @Option(help: "Higher goes first.")
  var priority = 0

  @Option(
    help: "An iconv name such as ISO-8859-1, for text that is neither UTF-8 nor told by itself.")
  var encoding: String?

  @Flag(help: "Order it again even if the same was ordered before.")
  var again = false

  @Option(help: "Orders with the same key are the same job, whatever else they say.")
  var key: String?

  @Option(help: "Seconds that the job may take once it is claimed; longer, and it fails.")
  var deadline: Int?

  @OptionGroup
  var writing: WritingOptions

  /// What is said about how to answer, all of it part of the order.
  var parameters: JobParameters {
    JobParameters(
      from: writing.from?.rawValue, focused: writing.focused ? true : nil,
      mostAnswerTokens: writing.maxAnswerTokens, thinkTokens: writing.thinkTokens,
      beyondContext: writing.beyondContext ? true : nil)
  }

  func validate() throws {
    if key != nil, again { throw ValidationError("--key and --again contradict each other") }
    if let deadline, deadline <= 0 { throw ValidationError("--deadline must be positive") }
  }

  @Flag(help: "Print JSON.")
  var json = false
}

/// Submits a document with a task.
struct Submission {
  let options: SubmissionOptions

  func submit(
    _ document: Document, _ task: JobTask, question: String?, _ jobs: Submitter
  ) throws -> (id: Int, created: Bool) {
    try jobs.submit(
      JobOrder(
        document, task, question: question, model: DataHome.modelName(options.model),
        parameters: options.parameters,
        priority: options.priority, again: options.again, key: options.key,
        deadlineSeconds: options.deadline))
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
    guard LocalWorkers().running.isEmpty else { return }
    _ = try LocalWorkers().start(count: 1, threads: 0, database: try options.database.url())
    note("started a worker in the background; stop it with: docproc down")
  }

  private func note(_ text: String) {
    FileHandle.standardError.write(Data("docproc: \(text)\n".utf8))
  }
}

struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit", abstract: "Put a document on the queue.",
    discussion:
      "The same document, task and model give the same job again, unless --again is given.")

  @Argument(help: "A text or Markdown file, or a directory (a codebase).", completion: .file())
  var path: String

  @Option(help: "What to do.")
  var task = JobTask.summarize

  @Option(help: "The question, for --task ask; for summarize what the summary shall be about.")
  var question: String?

  @Flag(help: "Wait for the result and print it.")
  var wait = false

  @OptionGroup var options: SubmissionOptions

  func validate() throws {
    let hasQuestion = question.map { !$0.allSatisfy(\.isWhitespace) } ?? false
    if task == .ask, !hasQuestion {
      throw ValidationError("--task ask needs a question: --question \"...\"")
    }
    if task == .summarize { try options.writing.refuseForSummary() }
    if question != nil, !hasQuestion { throw ValidationError("the question is empty") }
  }

  func run() throws {
    // The document is read first: nothing is started for a path that is wrong.
    let document = try DocumentLoader(encoding: options.encoding).load(path)
    let submission = Submission(options: options)
    try submission.checkModel()
    let jobs = try options.database.open().submitter
    let (id, created) = try submission.submit(
      document, task, question: question, jobs)
    if wait {
      try submission.ensureWorker(jobs)
      return try JobFollower(jobs: jobs, json: options.json).follow(id)
    }

    if options.json { return print(JSONText.line(try jobs.status(id))) }
    print(
      "job \(id) "
        + "\(created ? "submitted" : "was submitted before and is \(try jobs.status(id).state.rawValue)")"
    )
  }
}

struct AskCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ask", abstract: "Ask a question about a document, and wait for the answer.")

  @Argument(help: "A text or Markdown file, or a directory (a codebase).", completion: .file())
  var path: String

  @Argument(help: "The question.")
  var question: String

  @OptionGroup var options: SubmissionOptions

  func validate() throws {
    if question.allSatisfy(\.isWhitespace) { throw ValidationError("the question is empty") }
  }

  func run() throws {
    let document = try DocumentLoader(encoding: options.encoding).load(path)
    let submission = Submission(options: options)
    try submission.checkModel()
    let jobs = try options.database.open().submitter
    let (id, _) = try submission.submit(document, .ask, question: question, jobs)
    try submission.ensureWorker(jobs)
    try JobFollower(jobs: jobs, json: options.json).follow(id)
  }
}

extension JobTask: ExpressibleByArgument {}
