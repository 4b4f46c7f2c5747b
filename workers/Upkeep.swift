import Foundation
import Jobs
import Logging
import Synchronization

/// When the fleet's housekeeping is due. A duty moves on when it is taken, not when it is done: one
/// that fails waits for its next turn like any other.
struct UpkeepSchedule {
  enum Duty: Equatable {
    /// Gives back jobs of dead workers, and lets more important ones go first.
    case sweep
    /// Deletes what the settings say is old.
    case forget
  }

  static let forgetSeconds = 3600.0
  static func sweepSeconds(lease: Double) -> Double { min(5, lease / 10) }

  var lease = 60.0
  private var nextSweep: ContinuousClock.Instant
  private var nextForgetting: ContinuousClock.Instant

  /// - Parameter share: between 0 and 1; another in each worker, so that they take turns.
  init(from now: ContinuousClock.Instant, share: Double) {
    nextSweep = now + .seconds(share)
    nextForgetting = now + .seconds(60 + share * (Self.forgetSeconds - 60))
  }

  /// The duty that is due; nil when none is.
  mutating func take(at now: ContinuousClock.Instant) -> Duty? {
    if now >= nextSweep {
      nextSweep = now + .seconds(Self.sweepSeconds(lease: lease))
      return .sweep
    }
    if now >= nextForgetting {
      nextForgetting = now + .seconds(Self.forgetSeconds)
      return .forget
    }
    return nil
  }

  /// Seconds until a duty is due.
  func seconds(from now: ContinuousClock.Instant) -> Double {
    max(0, (min(nextSweep, nextForgetting) - now) / .seconds(1))
  }
}

/// What any worker does for the fleet, on a thread and a connection of its own: however long it
/// takes, the worker's heartbeat goes on. The database lets one worker at a time do it.
final class Upkeep: Sendable {
  private let isStopping = Atomic<Bool>(false)
  private let alarm = Alarm()
  private let finished = DispatchSemaphore(value: 0)
  private let connect: @Sendable () throws -> any WorkerQueue
  private let worker: UUID
  private let logger: Logger

  /// - Parameter worker: that does it.
  init(
    _ connect: @escaping @Sendable () throws -> any WorkerQueue, worker: UUID, logger: Logger
  ) {
    self.connect = connect
    self.worker = worker
    self.logger = logger
  }

  func start() { Thread { [self] in keepUp() }.start() }

  /// Ends the thread once it has finished what it is doing.
  func stop() {
    isStopping.store(true, ordering: .relaxed)
    alarm.ring()
    finished.wait()
  }

  private func keepUp() {
    var queue: (any WorkerQueue)?
    var schedule = UpkeepSchedule(from: .now, share: Double.random(in: 0...1))
    while !isStopping.load(ordering: .relaxed) {
      if let duty = schedule.take(at: .now) {
        do {
          let current = try queue ?? connect()
          queue = current
          schedule.lease = try current.leaseSeconds()
          try perform(duty, current)
        } catch {
          logger.warning("upkeep failed", metadata: ["duty": "\(duty)", "error": "\(error)"])
          queue = nil
        }
      }
      alarm.wait(seconds: schedule.seconds(from: .now))
    }

    finished.signal()
  }

  private func perform(_ duty: UpkeepSchedule.Duty, _ queue: any WorkerQueue) throws {
    switch duty {
    case .sweep:
      try buryNeighbours(queue)
      let count = try queue.sweep()
      if count > 0 {
        logger.notice("gave back jobs of lost workers", metadata: ["count": "\(count)"])
      }
    case .forget:
      let count = try queue.forgetOld()
      if count > 0 { logger.notice("deleted old jobs", metadata: ["count": "\(count)"]) }
    }
  }

  /// Workers of this place whose processes have ended need not be waited for.
  private func buryNeighbours(_ queue: any WorkerQueue) throws {
    for neighbour in try queue.neighbours(of: worker)
    where ProcessPlace.hasEnded(neighbour.process, name: ProcessPlace.name) {
      let reason = "the process of worker \(neighbour.name) ended without a word"
      let count = try queue.bury(worker: neighbour.id, reason: reason)
      logger.notice(
        "a worker of this host has ended",
        metadata: ["worker": "\(neighbour.name)", "jobs": "\(count)"])
    }
  }
}
