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
    let queue = try options.database.queue()
    guard let id else { return JobTable.show(try queue.list(limit: 20), json: options.json) }
    let status = try queue.status(id)
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
    JobTable.show(try options.database.queue().list(limit: limit), json: options.json)
  }
}

struct WaitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait", abstract: "Wait until a job is done.")

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func run() throws {
    let status = try JobFollower(queue: try options.database.queue(), json: options.json).wait(id)
    if options.json { print(JSONText.pretty(status)) } else { print("job \(id) \(status.state)") }
    guard status.state == "completed" else { throw ExitCode.failure }
  }
}

struct CancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Cancel a job; a running one stops within two seconds.")

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func run() throws {
    let state = try options.database.queue().cancel(id)
    if options.json { return print(JSONText.line(["state": state])) }
    print(state == "running" ? "job \(id) is being stopped" : "job \(id) \(state)")
  }
}

struct PauseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Keep a job from going on until it is resumed; a running one is saved first.")

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func run() throws {
    let state = try options.database.queue().pause(id)
    if options.json { return print(JSONText.line(["state": state])) }
    print(state == "running" ? "job \(id) is being paused" : "job \(id) \(state)")
  }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Let a paused job go on where it stood.")

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func run() throws {
    let state = try options.database.queue().resume(id)
    print(options.json ? JSONText.line(["state": state]) : "job \(id) \(state)")
  }
}

struct RetryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Put a failed or cancelled job on the queue again.")

  @Argument(help: "The job's number.")
  var id: Int

  @OptionGroup var options: JobOptions

  func run() throws {
    let state = try options.database.queue().retry(id)
    print(options.json ? JSONText.line(["state": state]) : "job \(id) \(state)")
  }
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
    let queue = try options.database.queue()
    if text { return print(try queue.documentText(id), terminator: "") }
    try JobFollower(queue: queue, json: options.json).printResult(try queue.status(id))
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
          String(job.id), job.state, job.task, job.percent.map { "\(Int($0))%" } ?? "-",
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
