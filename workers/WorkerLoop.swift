import Foundation
import Jobs
import Logging
import Postgres
import Results

/// claim -> read -> answer -> complete, on the main thread: libpq and inference both
/// block, and neither may hold a thread of Swift's cooperative pool.
final class WorkerLoop {
  /// Reads a claimed job's document and answers; `saved` gives the job's checkpoint of a key.
  typealias Reader = (
    _ job: ClaimedJob, _ heartbeat: Heartbeat,
    _ saved: (_ claim: Claim, _ key: String) throws -> Checkpoint?
  ) throws -> ResultRecord

  /// How late a job is seen whose notification did not arrive.
  private static let pollSeconds = 2.0

  private let card: WorkerCard
  private let models: () -> [String]
  private let read: Reader
  private let stop: StopSignal
  private let heartbeat: Heartbeat
  private let upkeep: Upkeep
  private let spool: ResultSpool
  private let session: QueueSession
  private let database: String
  private let pulse: Pulse
  private let metrics: WorkerMetrics
  private let logger: Logger

  /// - Parameters:
  ///   - models: names of the models on this host, asked before every claim.
  ///   - takesPaths: whether jobs are claimed that name a model by its folder.
  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  init(
    _ settings: WorkerSettings, models: @escaping () -> [String], takesPaths: Bool,
    stop: StopSignal, logger: Logger, read: @escaping Reader
  ) throws {
    let process = ProcessInfo.processInfo
    card = WorkerCard(
      id: UUID(), name: settings.name, host: process.hostName,
      process: Int(process.processIdentifier), models: models(), takesPaths: takesPaths,
      place: ProcessPlace.here)
    session = try QueueSession(settings.connect, stop, logger, settings.pulse, settings.metrics)
    database = try session.call { try $0.databaseIdentity() } ?? ""
    spool = ResultSpool(folder: settings.spool)
    heartbeat = Heartbeat(settings.connect, card: card, logger: logger)
    upkeep = Upkeep(settings.connect, worker: card.id, logger: logger)
    pulse = settings.pulse
    metrics = settings.metrics
    self.models = models
    self.read = read
    self.stop = stop
    self.logger = logger
  }

  /// Works until it is told to stop, or for one job.
  /// - Throws: `PostgresError` that does not pass by itself: no rights, another schema.
  func run(once: Bool) throws {
    let names = models().joined(separator: ",")
    logger.info("worker started", metadata: ["name": "\(card.name)", "models": "\(names)"])
    heartbeat.start()
    upkeep.start()
    defer {
      upkeep.stop()
      heartbeat.stop()
    }

    try offerSpooled()
    pulse.ready()
    try session.listen(to: .ready(worker: card.id))
    while !stop.isRequested {
      guard let claimed = try claim() else { break }
      if let job = claimed {
        // A reading takes long: what comes meanwhile would pile up.
        try session.unlisten()
        try work(on: job)
      }
      if once { break }
      if claimed != nil {
        try session.listen(to: .ready(worker: card.id))
      } else {
        session.waitForWork(seconds: Self.pollSeconds * Double.random(in: 0.75...1))
      }
    }

    pulse.stopping()
    logger.info("worker stopped", metadata: ["name": "\(card.name)"])
  }

  /// - Returns: a job or none; nil when the worker has to stop.
  private func claim() throws -> ClaimedJob?? {
    try session.call { [card, models] in
      try $0.checkSchema()
      return try $0.claim(worker: card.id, models: models(), takesPaths: card.takesPaths)
    }
  }

  private func work(on job: ClaimedJob) throws {
    logger.info(
      "reading",
      metadata: [
        "job": "\(job.id)", "fence": "\(job.claim.fence)", "document": "\(job.documentName)",
      ])
    metrics.claimed()
    heartbeat.follow(job.claim)
    defer { heartbeat.follow(nil) }
    do {
      let record = try read(job, heartbeat) { claim, key in
        try session.call { try $0.checkpoint(of: claim, key: key) } ?? nil
      }
      metrics.read(record.reading)
      try finish(job, with: record)
    } catch {
      if let refusal = heartbeat.refusal { return try giveUp(job, refusal) }
      let outcome = JobOutcome(error, heartbeat.verdict)
      let decision = WorkerDecision(outcome, worker: card.name)
      if decision == .end { throw error }
      metrics.ended(decision.name)
      try tell(decision, about: job)
    }
  }

  /// The database is there, but not for this worker any more: others may go on with the job.
  /// - Throws: the refusal.
  private func giveUp(_ job: ClaimedJob, _ refusal: PostgresError) throws {
    let reason = "\(card.name) cannot work: \(refusal)"
    _ = try? session.call { try $0.release(job.claim, reason: reason) }
    throw refusal
  }

  /// The reading did not come to its end: what is told to the queue.
  private func tell(_ decision: WorkerDecision, about job: ClaimedJob) throws {
    let claim = job.claim
    switch decision {
    case .complete, .end, .letGo: break
    case .confirmCancel: _ = try session.call { try $0.confirmCancel(claim) }
    case .release(let delay, let reason):
      _ = try session.call { try $0.release(claim, delaySeconds: delay, reason: reason) }
    case .fail(let message):
      _ = try session.call { try $0.fail(claim, message: message, retryable: false) }
    }

    logger.log(
      level: decision.isFailure ? .error : .notice, "stopped working on a job",
      metadata: ["job": "\(job.id)", "decision": "\(decision)"])
  }

  // MARK: Results

  /// A finished result goes to the disk before it is offered: neither an outage of the database nor
  /// the end of this process loses it.
  private func finish(_ job: ClaimedJob, with record: ResultRecord) throws {
    let entry = ResultSpool.Entry(database: database, claim: job.claim, record: record)
    do {
      try spool.write(entry)
    } catch {
      logger.error(
        "the result is kept in memory only", metadata: ["job": "\(job.id)", "error": "\(error)"])
    }

    try offer(entry)
  }

  private func offer(_ entry: ResultSpool.Entry) throws {
    let job: Logger.Metadata = ["job": "\(entry.claim.job)"]
    do {
      let accepted = try session.call { try $0.complete(entry.claim, entry.record) }
      guard let accepted else { return }
      metrics.ended(accepted ? "completed" : "lost")
      logger.info(
        accepted ? "completed" : "result refused: the claim was lost", metadata: job)
      spool.remove(entry)
    } catch let error as PostgresError where error.refusesValues {
      // The database will never take it, however often it is offered.
      logger.error("result refused", metadata: job.merging(["error": "\(error)"]) { $1 })
      let message = "the result cannot be stored: \(error)"
      let isTold = try session.call {
        try $0.fail(entry.claim, message: message, retryable: false)
      }
      if isTold != nil { spool.remove(entry) }
    }
  }

  private func offerSpooled() throws {
    for entry in spool.entries(database: database) {
      let claim = entry.claim
      logger.notice(
        "offering a result of an earlier run",
        metadata: ["job": "\(claim.job)", "fence": "\(claim.fence)"])
      try offer(entry)
    }
  }
}
