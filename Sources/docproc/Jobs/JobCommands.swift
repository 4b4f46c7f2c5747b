import ArgumentParser
import Foundation
import Jobs

/// What commands about one job share.
struct JobOptions: ParsableArguments {
  @OptionGroup var database: DatabaseOptions
  @OptionGroup var output: OutputOptions
}

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show a job, or the newest ones.")

  @Argument(help: "The job's number.")
  var id: Int?

  @OptionGroup var options: JobOptions

  func run() throws {
    let jobs = try options.database.open().submitter
    guard let id else { return JobTable.show(try jobs.list(limit: 20), options.output) }
    let status = try jobs.status(id)
    options.output.print(status, text: JobTable.card(status))
  }
}

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List jobs, the newest first.")

  @Option(help: "The most jobs to show.")
  var limit = 100

  @Option(help: "Only jobs in this state; may be given several times.")
  var state: [JobState] = []

  @OptionGroup var options: JobOptions

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit must be positive") }
  }

  func run() throws {
    JobTable.show(
      try options.database.open().submitter.list(limit: limit, states: state), options.output)
  }
}

extension JobState: ExpressibleByArgument {}

struct WaitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait", abstract: "Wait until jobs are done, and print their answers.")

  @Argument(help: "The jobs' numbers.")
  var ids: [Int]

  @OptionGroup var options: JobOptions

  func run() throws {
    let jobs = try options.database.open().submitter
    let follower = JobFollower(jobs, options.database, options.output)
    for id in ids {
      if options.output.isJSON {
        let status = try follower.wait(id)
        options.output.print(status, text: "")
        try JobFollower.check(status)
      } else {
        try follower.follow(id)
      }
    }
  }
}

/// A command that asks something of jobs and tells what state they are in then.
protocol SteeringCommand: ParsableCommand {
  var ids: [Int] { get }
  var options: JobOptions { get }
  /// What is asked for: "cancel".
  static var verb: String { get }
  /// What the worker of a running job is doing about it: "is being stopped".
  static var underWay: String? { get }
  /// States of jobs of which it can be asked.
  static var fitting: Set<JobState> { get }
  func steer(_ jobs: Operator, _ id: Int) throws -> JobState
}

extension SteeringCommand {
  static var underWay: String? { nil }

  func run() throws {
    let database = try options.database.open()
    var unfit: [String] = []
    for id in ids {
      let before = try database.submitter.status(id).state
      guard Self.fitting.contains(before) else {
        unfit.append("job \(id) is \(before.rawValue): nothing to \(Self.verb)")
        continue
      }
      let state = try steer(try database.operator, id)
      options.output.print(
        Steered(id: id, state: state),
        text: "job \(id) \((state == .running ? Self.underWay : nil) ?? state.rawValue)")
    }
    if !unfit.isEmpty { throw UserError(unfit.joined(separator: "\n")) }
  }
}

private struct Steered: Encodable {
  let id: Int
  let state: JobState
}

struct CancelCommand: SteeringCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Cancel jobs; a running one stops within two seconds.")
  static let verb = "cancel"
  static let underWay: String? = "is being stopped"
  static let fitting: Set<JobState> = [.scheduled, .available, .running, .paused]

  @Argument(help: "The jobs' numbers.")
  var ids: [Int]

  @OptionGroup var options: JobOptions

  func steer(_ jobs: Operator, _ id: Int) throws -> JobState { try jobs.cancel(id) }
}

struct PauseCommand: SteeringCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Keep jobs from going on until they are resumed; a running one is saved first.")
  static let verb = "pause"
  static let underWay: String? = "is being paused"
  static let fitting: Set<JobState> = [.scheduled, .available, .running]

  @Argument(help: "The jobs' numbers.")
  var ids: [Int]

  @OptionGroup var options: JobOptions

  func steer(_ jobs: Operator, _ id: Int) throws -> JobState { try jobs.pause(id) }
}

struct ResumeCommand: SteeringCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Let paused jobs go on where they stood.")
  static let verb = "resume"
  static let fitting: Set<JobState> = [.paused]

  @Argument(help: "The jobs' numbers.")
  var ids: [Int]

  @OptionGroup var options: JobOptions

  func steer(_ jobs: Operator, _ id: Int) throws -> JobState { try jobs.resume(id) }
}

struct RetryCommand: SteeringCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Put failed or cancelled jobs on the queue again.")
  static let verb = "retry"
  static let fitting: Set<JobState> = [.failed, .cancelled]

  @Argument(help: "The jobs' numbers.")
  var ids: [Int]

  @OptionGroup var options: JobOptions

  func steer(_ jobs: Operator, _ id: Int) throws -> JobState { try jobs.retry(id) }
}

struct RemoveJobCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm",
    abstract: "Remove jobs for good, with their results and, unless others need them, documents.")

  @Argument(help: "The jobs' numbers.")
  var ids: [Int]

  @OptionGroup var options: JobOptions

  func run() throws {
    let jobs = try options.database.open().operator
    for id in ids {
      let isGone = try jobs.remove(id)
      options.output.print(
        Removed(id: id, document: isGone),
        text: "job \(id) is removed"
          + (isGone ? ", and its document" : "; another needs its document"))
    }
  }

  private struct Removed: Encodable {
    let id: Int
    /// Whether it is removed too.
    let document: Bool
  }
}
