import Foundation
import Jobs

/// Sees to it that nobody waits for a job which no worker will ever do.
struct WorkerWatch {
  /// Between two looks.
  private static let interval = 5.0
  /// That a fleet may be without any live worker.
  private static let patience = 60.0
  private static let mostRestarts = 2

  private let jobs: Submitter
  private let database: DatabaseOptions
  private let output: OutputOptions
  private var looked: Date?
  private var missingSince: Date?
  private var restarts = 0

  init(_ jobs: Submitter, _ database: DatabaseOptions, _ output: OutputOptions) {
    self.jobs = jobs
    self.database = database
    self.output = output
  }

  /// True while nobody is alive to do the job.
  private(set) var isMissing = false

  /// Starts a worker where this host is the whole fleet and its worker has ended.
  /// - Throws: `UserError` when the job would be waited for in vain.
  mutating func look(at job: JobStatus) throws {
    let now = Date()
    guard looked.map({ now.timeIntervalSince($0) >= Self.interval }) ?? true else { return }
    looked = now
    let isWanted = ![.paused, .scheduled].contains(job.state)
    isMissing = isWanted ? try jobs.liveWorkers() == 0 : false
    let isStarting = database.isEmbedded && !database.localWorkers.running.isEmpty
    guard isMissing, !isStarting else {
      missingSince = nil
      return
    }
    let since = missingSince ?? now
    missingSince = since
    if database.isEmbedded { return try restart(job.id) }
    guard now.timeIntervalSince(since) < Self.patience else {
      throw UserError(
        "no worker is alive, and job \(job.id) waits; start docproc-worker on a host, then: "
          + "docproc wait \(job.id)")
    }
  }

  private mutating func restart(_ job: Int) throws {
    guard restarts < Self.mostRestarts else {
      throw UserError(
        "no worker stays alive, and job \(job) waits; docproc logs tells why, and docproc up "
          + "starts another")
    }
    restarts += 1
    _ = try database.localWorkers.start(count: 1, threads: 0)
    output.note("no worker is running: started one in the background")
  }
}
