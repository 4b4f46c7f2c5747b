import Foundation
import Jobs
import Rendering
import Results
import Postgres

/// Waits for a job and prints what came of it.
struct JobFollower {
  private static let pollSeconds = 0.3

  static let usualQuotes = 3

  private let jobs: Submitter
  private let database: DatabaseOptions
  private let output: OutputOptions
  private let quotes: Int

  init(
    _ jobs: Submitter, _ database: DatabaseOptions, _ output: OutputOptions,
    quotes: Int = usualQuotes
  ) {
    self.jobs = jobs
    self.database = database
    self.output = output
    self.quotes = quotes
  }

  /// - Throws: `UserError` when the job failed or was cancelled.
  func follow(_ id: Int) throws {
    let status = try wait(id)
    if output.isJSON, status.state != .completed { output.print(status, text: "") }
    try Self.check(status)
    try printResult(status)
  }

  /// - Throws: `UserError` with the reason when the job failed or was cancelled.
  static func check(_ status: JobStatus) throws {
    guard status.state != .completed else { return }
    let reason = status.error.map { ": \(ForeignText.clean($0))" } ?? ""
    throw UserError("job \(status.id) \(status.state.rawValue)\(reason)")
  }

  /// The job's status once it is final.
  /// - Throws: `UserError` when no worker is left that could do it.
  func wait(_ id: Int) throws -> JobStatus {
    Interruption.tell(job: id)
    var progress = ProgressLine(quiet: output.quiet)
    var workers = WorkerWatch(jobs, database, output)
    defer { progress.finish() }
    do {
      while true {
        let status = try jobs.status(id)
        if status.isFinal { return status }
        try workers.look(at: status)
        progress.show(status, hasWorker: !workers.isMissing)
        Thread.sleep(forTimeInterval: Self.pollSeconds)
      }
    } catch let error as PostgresError where error.endsConnection {
      let why = database.isEmbedded ? "docproc was stopped" : "\(error)"
      let first = database.isEmbedded ? "docproc up, then: " : ""
      throw UserError("\(why); job \(id) keeps its place: \(first)docproc wait \(id)")
    }
  }

  func printResult(_ status: JobStatus) throws {
    let record = try jobs.result(status.id)
    if output.ndjson, let answers = record.answers {
      for answer in answers { print(JSONText.line(answer)) }
      return
    }
    let result = ResultOutput(status, record)
    let columns = Terminal.isTerminal(STDOUT_FILENO) ? Terminal.width(STDOUT_FILENO) : 100
    let style = TextStyle(STDOUT_FILENO)
    output.print(result, text: result.text(quotes: quotes, columns: columns, style))
  }
}
