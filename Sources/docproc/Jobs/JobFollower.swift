import Foundation
import Jobs

/// Waits for a job and prints what came of it.
struct JobFollower {
  private static let pollSeconds = 0.3

  static let usualQuotes = 3

  let jobs: Submitter
  let json: Bool
  var quotes = usualQuotes

  /// - Throws: `UserError` when the job failed or was cancelled.
  func follow(_ id: Int) throws {
    let status = try wait(id)
    if json, status.state != .completed { print(JSONText.pretty(status)) }
    try Self.check(status)
    try printResult(status)
  }

  /// - Throws: `UserError` with the reason when the job failed or was cancelled.
  static func check(_ status: JobStatus) throws {
    guard status.state != .completed else { return }
    let reason = status.error.map { ": \($0)" } ?? ""
    throw UserError("job \(status.id) \(status.state.rawValue)\(reason)")
  }

  /// The job's status once it is final.
  func wait(_ id: Int) throws -> JobStatus {
    Interruption.tell(job: id)
    var progress = ProgressLine(quiet: false)
    while true {
      let status = try jobs.status(id)
      if status.isFinal {
        progress.finish()
        return status
      }
      progress.show(status)
      Thread.sleep(forTimeInterval: Self.pollSeconds)
    }
  }

  func printResult(_ status: JobStatus) throws {
    let output = ResultOutput(status, try jobs.result(status.id))
    let columns = Terminal.isTerminal(STDOUT_FILENO) ? Terminal.width(STDOUT_FILENO) : 100
    print(json ? JSONText.pretty(output) : output.text(quotes: quotes, columns: columns))
  }
}
