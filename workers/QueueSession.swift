import Foundation
import Jobs
import Logging
import Postgres

/// The queue as a worker's main thread sees it: calls are repeated through outages. A fenced write
/// has its effect once at most, however often it is repeated.
final class QueueSession {
  private let connect: () throws -> any WorkerQueue
  private let stop: StopSignal
  private let logger: Logger
  private let pulse: Pulse
  private let metrics: WorkerMetrics
  private var queue: any WorkerQueue
  /// What is listened to, also after the connection was made anew.
  private var channel: QueueChannel?

  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  init(
    _ connect: @escaping () throws -> any WorkerQueue, _ stop: StopSignal, _ logger: Logger,
    _ pulse: Pulse, _ metrics: WorkerMetrics = WorkerMetrics()
  ) throws {
    self.pulse = pulse
    self.metrics = metrics
    self.connect = connect
    self.stop = stop
    self.logger = logger
    queue = try connect()
  }

  /// - Returns: nil when the worker was told to stop and the database did not come back in time.
  /// - Throws: `PostgresError` that does not pass by itself: no rights, another schema.
  func call<Result>(_ body: (any WorkerQueue) throws -> Result) throws -> Result? {
    var backoff = Backoff()
    var stopping: ContinuousClock.Instant?
    while true {
      pulse.beat()
      do {
        return try body(queue)
      } catch let error as PostgresError {
        metrics.databaseFailed()
        if stop.isRequested { stopping = stopping ?? .now }
        let seconds = stopping.map { (ContinuousClock.now - $0) / .seconds(1) }
        switch CallDecision(error, stoppingFor: seconds) {
        case .raise: throw error
        case .giveUp: return nil
        case .tryAgain(let reconnecting):
          let what: Logger.Metadata = ["error": "\(error)"]
          logger.warning("the database cannot take it now, trying again", metadata: what)
          Thread.sleep(forTimeInterval: backoff.next())
          if reconnecting { try reconnect() }
        }
      }
    }
  }

  /// - Throws: as `call`
  func listen(to channel: QueueChannel) throws {
    self.channel = channel
    _ = try call { try $0.listen(to: channel) }
  }

  /// What comes from now on is not kept.
  /// - Throws: as `call`
  func unlisten() throws {
    guard let channel else { return }
    self.channel = nil
    _ = try call { try $0.unlisten(from: channel) }
  }

  /// Waits until a job may be there, the time is over, or the worker is told to stop.
  func waitForWork(seconds: Double) {
    pulse.beat()
    // A connection that broke is found out by the next claim, which connects anew.
    try? queue.wait(seconds: seconds, alarm: stop.alarm)
  }

  /// - Throws: `PostgresError` when the database is there, but not for this program any more.
  private func reconnect() throws {
    do {
      let fresh = try connect()
      if let channel { try fresh.listen(to: channel) }
      queue = fresh
    } catch let error as PostgresError where error.isTransient {
      // The next call fails at once, and its turn comes again.
    }
  }
}
