import Foundation
import Jobs

/// Waits for a job and prints what came of it.
struct JobFollower {
  private static let pollSeconds = 0.3

  let jobs: Submitter
  let json: Bool

  /// - Throws: `UserError` when the job failed or was cancelled.
  func follow(_ id: Int) throws {
    let status = try wait(id)
    guard status.state == .completed else {
      if json { print(JSONText.pretty(status)) }
      throw UserError("job \(id) \(status.state.rawValue)\(status.error.map { ": \($0)" } ?? "")")
    }
    try printResult(status)
  }

  /// The job's status once it is final.
  func wait(_ id: Int) throws -> JobStatus {
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
    print(json ? JSONText.pretty(output) : output.text)
  }
}
