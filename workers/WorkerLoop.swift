import Foundation
import Jobs
import Logging
import Postgres
import Reading
import Results

/// claim -> read -> answer -> complete, on the main thread: libpq and inference both
/// block, and neither may hold a thread of Swift's cooperative pool.
final class WorkerLoop {
  struct Settings {
    var url: String
    var name: String
    /// Seconds from one checkpoint of a reading to the next.
    var checkpointSeconds = 30.0
    /// Where finished results wait for the queue.
    var spool: String
  }

  /// How late a job is seen that no notification told of.
  private static let pollSeconds = 2.0
  /// How long a worker that is told to stop still tries to write; then rescue frees its job.
  private static let stoppingSeconds = 20.0
  /// Before a job is tried elsewhere that this host cannot do.
  private static let elsewhereSeconds = 15.0

  private let settings: Settings
  private let card: WorkerCard
  private let models: ModelShelf
  private let stop: StopSignal
  private let heartbeat: Heartbeat
  private let spool: ResultSpool
  private let logger: Logger
  private var queue: JobQueue
  private var database: String

  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  init(_ settings: Settings, models: ModelShelf, stop: StopSignal, logger: Logger) throws {
    self.settings = settings
    self.models = models
    self.stop = stop
    self.logger = logger
    let process = ProcessInfo.processInfo
    card = WorkerCard(
      id: UUID(), name: settings.name, host: process.hostName,
      process: Int(process.processIdentifier), models: models.names,
      takesPaths: models.takesPaths)
    queue = try JobQueue(url: settings.url)
    database = try queue.databaseIdentity()
    spool = ResultSpool(folder: settings.spool)
    heartbeat = Heartbeat(url: settings.url, card: card, logger: logger)
  }

  /// Works until it is told to stop, or for one job.
  /// - Throws: `PostgresError` that does not pass by itself: no rights, another schema.
  func run(once: Bool) throws {
    logger.info(
      "worker started",
      metadata: ["name": "\(card.name)", "models": "\(models.names.joined(separator: ","))"])
    heartbeat.start()
    defer { heartbeat.stop() }
    _ = try persistently { try $0.connection.listen("docproc_ready") }
    try offerSpooled()
    while !stop.isRequested {
      guard
        let job = try persistently({ [card, models] in
          try $0.claim(worker: card.id, models: models.names, takesPaths: card.takesPaths)
        })
      else { break }
      if let job {
        try work(on: job)
        if once { break }
      } else {
        if once { break }
        waitForWork()
      }
    }

    logger.info("worker stopped", metadata: ["name": "\(card.name)"])
  }

  private func waitForWork() {
    do {
      try queue.connection.waitForNotification(
        seconds: Self.pollSeconds * Double.random(in: 0.75...1), alarm: stop.alarm)
    } catch {
      // The next claim finds out, and connects anew.
    }
  }

  private func work(on job: ClaimedJob) throws {
    logger.info(
      "reading",
      metadata: ["job": "\(job.id)", "fence": "\(job.fence)", "document": "\(job.documentName)"])
    heartbeat.follow(job)
    defer { heartbeat.follow(nil) }
    do {
      try finish(
        job,
        with: try JobReading(job, settings, models, heartbeat, stop, logger).record(
          resuming: savedReading))
    } catch ReadingError.stopped {
      try giveUp(job)
    } catch let error where JobReading.isHostsFault(error) {
      logger.error(
        "this host cannot do the job", metadata: ["job": "\(job.id)", "error": "\(error)"])
      let reason = "\(card.name): \(error)"
      _ = try persistently {
        try $0.release(
          job: job.id, fence: job.fence, delaySeconds: Self.elsewhereSeconds, reason: reason)
      }
    } catch let error as PostgresError {
      throw error
    } catch {
      // The same document and model give the same error again.
      let state = try persistently {
        try $0.fail(job: job.id, fence: job.fence, message: "\(error)", retryable: false)
      }
      logger.error(
        "job failed",
        metadata: ["job": "\(job.id)", "error": "\(error)", "state": "\(state ?? "unknown")"])
    }
  }

  private func savedReading(_ job: ClaimedJob, key: String) throws -> SavedReading? {
    try persistently { try $0.savedReading(job: job.id, fence: job.fence, key: key) } ?? nil
  }

  // MARK: Results

  /// A finished result goes to the disk before it is offered: neither an outage of the database nor
  /// the end of this process loses it.
  private func finish(_ job: ClaimedJob, with record: ResultRecord) throws {
    let entry = ResultSpool.Entry(database: database, job: job.id, fence: job.fence, record: record)
    do {
      try spool.write(entry)
    } catch {
      logger.error(
        "the result is kept in memory only", metadata: ["job": "\(job.id)", "error": "\(error)"])
    }

    try offer(entry)
  }

  private func offer(_ entry: ResultSpool.Entry) throws {
    do {
      guard
        let accepted = try persistently({
          try $0.complete(job: entry.job, fence: entry.fence, record: entry.record)
        })
      else { return }
      logger.info(
        accepted ? "completed" : "result refused: the claim was lost",
        metadata: ["job": "\(entry.job)"])
      spool.remove(entry)
    } catch let error as PostgresError where error.refusesValues {
      // The database will never take it, however often it is offered.
      let state = try persistently {
        try $0.fail(
          job: entry.job, fence: entry.fence, message: "the result cannot be stored: \(error)",
          retryable: false)
      }
      logger.error(
        "result refused",
        metadata: ["job": "\(entry.job)", "error": "\(error)", "state": "\(state ?? "unknown")"])
      if state != nil { spool.remove(entry) }
    }
  }

  private func offerSpooled() throws {
    for entry in spool.entries(database: database) {
      logger.notice(
        "offering a result of an earlier run",
        metadata: ["job": "\(entry.job)", "fence": "\(entry.fence)"])
      try offer(entry)
    }
  }

  // MARK: Stopping

  /// The reading stopped before its end: why decides what becomes of the job.
  private func giveUp(_ job: ClaimedJob) throws {
    let verdict = heartbeat.verdict
    switch verdict {
    case .cancel: _ = try persistently { try $0.confirmCancel(job: job.id, fence: job.fence) }
    case .lost: break
    case .pause, .preempt, .going:
      let reason = verdict == .going ? "\(card.name) was told to stop" : nil
      _ = try persistently { try $0.release(job: job.id, fence: job.fence, reason: reason) }
    }
    logger.notice(
      "stopped reading", metadata: ["job": "\(job.id)", "verdict": "\(verdict.rawValue)"])
  }

  /// Repeats a call through outages: a fenced write has its effect once at most.
  /// - Returns: nil when the worker was told to stop and the database did not come back in time.
  private func persistently<Result>(_ call: (JobQueue) throws -> Result) throws -> Result? {
    var backoff = Backoff()
    var deadline: Date?
    while true {
      do {
        return try call(queue)
      } catch let error as PostgresError where error.isTransient {
        logger.warning(
          "the database cannot take it now, trying again", metadata: ["error": "\(error)"])
        if stop.isRequested {
          let limit = deadline ?? Date().addingTimeInterval(Self.stoppingSeconds)
          deadline = limit
          if Date() > limit { return nil }
        }
        Thread.sleep(forTimeInterval: backoff.next())
        if error.endsConnection { try reconnect() }
      }
    }
  }

  /// - Throws: `PostgresError` when the database is there, but not for this program any more.
  private func reconnect() throws {
    do {
      let fresh = try JobQueue(url: settings.url)
      try fresh.connection.listen("docproc_ready")
      queue = fresh
    } catch let error as PostgresError where error.isTransient {
      // The next call fails at once, and its turn comes again.
    }
  }
}
