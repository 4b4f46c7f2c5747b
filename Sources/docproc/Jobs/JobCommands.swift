import ArgumentParser
import Foundation
import Jobs

/// What commands about one job share.
struct JobOptions: ParsableArguments {
  @OptionGroup var database: DatabaseOptions

  @Flag(help: "Print JSON.")
  var json = false
}

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show a job, or the newest ones.")

  @Argument(help: "The job's number.")
  var id: Int?

  @OptionGroup var options: JobOptions

  func run() throws {
    let jobs = try options.database.open().submitter
    guard let id else { return JobTable.show(try jobs.list(limit: 20), json: options.json) }
    let status = try jobs.status(id)
    if options.json { print(JSONText.pretty(status)) } else { JobTable.show([status], json: false) }
  }
}

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List jobs, the newest first.")

  @Option(help: "The most jobs to show.")
  var limit = 100

  @OptionGroup var options: JobOptions

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit must be positive") }
  }

  func run() throws {
    JobTable.show(
      try options.database.open().submitter.list(limit: limit), json: options.json)
  }
}

struct WaitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait", abstract: "Wait until a job is done.")

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func run() throws {
    let status = try JobFollower(
      jobs: try options.database.open().submitter, json: options.json
    ).wait(id)
    if options.json { print(JSONText.pretty(status)) }
    try JobFollower.check(status)
    if !options.json { print("job \(id) completed") }
  }
}

/// A command that asks something of a job and tells what state it is in then.
protocol SteeringCommand: ParsableCommand {
  var id: Int { get }
  var options: JobOptions { get }
  /// What the worker of a running job is doing about it: "is being stopped".
  static var underWay: String? { get }
  func steer(_ jobs: Operator) throws -> JobState
}

extension SteeringCommand {
  static var underWay: String? { nil }

  func run() throws {
    let state = try steer(try options.database.open().operator)
    if options.json { return print(JSONText.line(["state": state])) }
    let told = state == .running ? Self.underWay : nil
    print("job \(id) \(told ?? state.rawValue)")
  }
}

struct CancelCommand: SteeringCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Cancel a job; a running one stops within two seconds.")
  static let underWay: String? = "is being stopped"

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func steer(_ jobs: Operator) throws -> JobState { try jobs.cancel(id) }
}

struct PauseCommand: SteeringCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Keep a job from going on until it is resumed; a running one is saved first.")
  static let underWay: String? = "is being paused"

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func steer(_ jobs: Operator) throws -> JobState { try jobs.pause(id) }
}

struct ResumeCommand: SteeringCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Let a paused job go on where it stood.")

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func steer(_ jobs: Operator) throws -> JobState { try jobs.resume(id) }
}

struct RetryCommand: SteeringCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Put a failed or cancelled job on the queue again.")

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func steer(_ jobs: Operator) throws -> JobState { try jobs.retry(id) }
}

struct ResultCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "result", abstract: "Print a completed job's result.")

  @Argument(help: "The job's number.")
  var id: Int

  @Flag(help: "Print the document's text as stored, in which offsets count, instead.")
  var text = false

  @OptionGroup var options: JobOptions

  func run() throws {
    let jobs = try options.database.open().submitter
    if text { return print(try jobs.documentText(id), terminator: "") }
    try JobFollower(jobs: jobs, json: options.json).printResult(try jobs.status(id))
  }
}

/// Jobs as a table, or as JSON.
enum JobTable {
  static func show(_ jobs: [JobStatus], json: Bool) {
    if json { return print(JSONText.pretty(jobs)) }

    print(columns("job", "state", "task", "read", "document"))
    for job in jobs {
      print(
        columns(
          String(job.id), job.state.rawValue, job.task, job.percent.map { "\(Int($0))%" } ?? "-",
          job.document))
      if let error = job.error { print("        \(error)") }
    }
  }

  private static func columns(
    _ id: String, _ state: String, _ task: String, _ read: String, _ document: String
  ) -> String {
    zip([id, state, task, read], [6, 10, 10, 5]).map {
      $0.padding(toLength: max($1, $0.count), withPad: " ", startingAt: 0)
    }
    .joined(separator: "  ") + "  " + document
  }
}
