import Dispatch
import Foundation
import Inference
import Jobs
import Logging
import Postgres
import Reading
import Results
import Synchronization

/// Saves a reading from time to time, under its fence. The reading's thread only copies the state;
/// what takes long (archiving, compressing, sending) runs on a queue of its own, with a connection
/// of its own. A checkpoint that cannot be saved now is left out: the next one replaces it anyway.
final class Checkpointer: Sendable {
  /// Of the reading's time that copying may take.
  private static let share = 0.01

  private struct State {
    var isSaving = false
    var due: ContinuousClock.Instant
    /// Tokens whose pages are saved, counted with what stands before the document.
    var pagedTo: Int
    var saved = 0
    /// Seconds that the last one took to make and to send.
    var cost = Checkpointer.firstCost
    /// That the reading stood still for copies.
    var seconds = 0.0
  }

  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "docproc.checkpoint")
  private let connect: @Sendable () throws -> any WorkerQueue
  private let claim: Claim
  private let key: String
  private let interval: CheckpointInterval
  private let lost: @Sendable (Claim) -> Void
  private let logger: Logger
  private let metrics: WorkerMetrics

  /// - Parameters:
  ///   - pagedTo: where the pages end that a resumed reading has.
  ///   - interval: from one checkpoint to the next.
  ///   - lost: called when the claim turns out to be another's.
  init(
    _ connect: @escaping @Sendable () throws -> any WorkerQueue, _ claim: Claim, key: String,
    pagedTo: Int, interval: CheckpointInterval, logger: Logger,
    metrics: WorkerMetrics = WorkerMetrics(),
    lost: @escaping @Sendable (Claim) -> Void
  ) {
    self.connect = connect
    self.claim = claim
    self.key = key
    self.interval = interval
    self.logger = logger
    self.metrics = metrics
    self.lost = lost
    state = Mutex(
      State(due: .now + .seconds(interval.seconds(cost: Self.firstCost)), pagedTo: pagedTo))
  }

  /// Checkpoints that were saved.
  var saved: Int { state.withLock { $0.saved } }

  /// Seconds that the reading stood still for checkpoints on its way.
  var seconds: Double { state.withLock { $0.seconds } }

  /// Seconds that a checkpoint is thought to take before the first was made.
  private static let firstCost = 1.0
  /// Of an interval, that has to be over before a reading's end is saved too.
  private static let lastShare = 0.25

  /// Saves the moment if it is time to, without waiting for it.
  /// - Parameter isLast: true for the reading's end: writing may take long, and nobody wants to read
  ///   again for it.
  func offer(_ moment: ReadingMoment, isLast: Bool = false) {
    let begun = ContinuousClock.now
    guard
      state.withLock({ state in
        let between = interval.seconds(cost: state.cost)
        let early = Duration.seconds(isLast ? (1 - Self.lastShare) * between : 0)
        return begun >= state.due - early && !state.isSaving
      })
    else { return }
    let copy = StateCopy(moment)
    let cost = (ContinuousClock.now - begun) / .seconds(1)
    state.withLock { state in
      state.isSaving = true
      state.seconds += cost
      state.due = begun + .seconds(max(interval.seconds(cost: state.cost), cost / Self.share))
    }
    queue.async { [self] in
      do { try save(try packed(copy)) } catch { warn(error) }
      let took = (ContinuousClock.now - begun) / .seconds(1)
      state.withLock { state in
        state.isSaving = false
        state.cost = took
        state.due = begun + .seconds(max(interval.seconds(cost: took), cost / Self.share))
      }
      ReadingState.returnFreedMemory()
    }
  }

  /// Saves the moment before it returns, trying for some seconds.
  func save(_ moment: ReadingMoment, patience: Double) {
    let copy = StateCopy(moment)
    let deadline = Date().addingTimeInterval(patience)
    queue.sync {
      let reading: Checkpoint
      do { reading = try packed(copy) } catch { return warn(error) }
      var backoff = Backoff()
      while true {
        do {
          return try save(reading)
        } catch {
          warn(error)
          // What the database refuses now it refuses for good.
          if let refused = error as? PostgresError, !refused.isTransient { return }
        }
        if Date() > deadline { return }
        Thread.sleep(forTimeInterval: backoff.next())
      }
    }
  }

  private func warn(_ error: any Error) {
    logger.warning("checkpoint not saved", metadata: ["job": "\(claim.job)", "error": "\(error)"])
  }

  /// What was saved before has pages up to where these begin.
  private func packed(_ copy: StateCopy) throws -> Checkpoint {
    try copy.packed(key: key, pagesFrom: state.withLock { $0.pagedTo })
  }

  private func save(_ reading: Checkpoint) throws {
    guard try connect().save(reading, claim) else { return lost(claim) }

    let pages = reading.pages.reduce(0) { $0 + $1.data.payload.count }
    metrics.saved(checkpointBytes: reading.state.payload.count + pages)
    state.withLock { state in
      state.saved += 1
      if let page = reading.pages.last { state.pagedTo = page.endToken }
    }
    logger.info(
      "checkpoint",
      metadata: [
        "job": "\(claim.job)", "tokens": "\(reading.tokens)",
        "bytes": "\(reading.state.payload.count)",
      ])
  }
}
