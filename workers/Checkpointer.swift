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
/// what takes long (archiving, compressing, sending) runs on a queue of its own, with a connection of
/// its own. A checkpoint that cannot be saved now is left out: the next one replaces it anyway.
final class Checkpointer: Sendable {
  /// Of the reading's time that copying may take.
  private static let share = 0.01
  private static let compressionLevel = 1

  /// A copied state on its way to another thread; nobody else has it.
  private struct Copy: @unchecked Sendable {
    let state: ReadingState
    let tokens: Int
    let seconds: Double
  }

  private struct State {
    var isSaving = false
    var due: ContinuousClock.Instant
    /// Tokens whose pages are saved, counted with what stands before the document.
    var pagedTo: Int
    var saved = 0
    /// That the reading stood still for copies.
    var seconds = 0.0
  }

  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "docproc.checkpoint")
  private let url: String
  private let job: ClaimedJob
  private let key: String
  private let interval: Double
  private let lost: @Sendable () -> Void
  private let logger: Logger

  /// - Parameters:
  ///   - pagedTo: where the pages end that a resumed reading has.
  ///   - interval: seconds from one checkpoint to the next.
  ///   - lost: called when the claim turns out to be another's.
  init(url: String, job: ClaimedJob, key: String, pagedTo: Int, interval: Double, logger: Logger, lost: @escaping @Sendable () -> Void) {
    (self.url, self.job, self.key, self.interval, self.logger, self.lost) = (url, job, key, interval, logger, lost)
    state = Mutex(State(due: .now + .seconds(interval), pagedTo: pagedTo))
  }

  /// Checkpoints that were saved.
  var saved: Int { state.withLock { $0.saved } }

  /// Seconds that the reading stood still for checkpoints on its way.
  var seconds: Double { state.withLock { $0.seconds } }

  /// Saves the moment if it is time to, without waiting for it.
  func offer(_ moment: ReadingMoment) {
    let begun = ContinuousClock.now
    guard state.withLock({ begun >= $0.due && !$0.isSaving }) else { return }
    let copy = Copy(state: moment.fork(), tokens: moment.tokens, seconds: moment.seconds)
    let cost = (ContinuousClock.now - begun) / .seconds(1)
    state.withLock { state in
      state.isSaving = true
      state.seconds += cost
      state.due = begun + .seconds(max(interval, cost / Self.share))
    }
    queue.async { [self] in
      do { try save(copy, through: try JobQueue(url: url)) } catch { warn(error) }
      state.withLock { $0.isSaving = false }
      ReadingState.returnFreedMemory()
    }
  }

  /// Saves the moment before it returns, trying for some seconds.
  func save(_ moment: ReadingMoment, patience: Double) {
    let copy = Copy(state: moment.fork(), tokens: moment.tokens, seconds: moment.seconds)
    let deadline = Date().addingTimeInterval(patience)
    queue.sync {
      var backoff = Backoff()
      while true {
        do { return try save(copy, through: try JobQueue(url: url)) } catch { warn(error) }
        if Date() > deadline { return }
        Thread.sleep(forTimeInterval: backoff.next())
      }
    }
  }

  private func warn(_ error: any Error) { logger.warning("checkpoint not saved", metadata: ["job": "\(job.id)", "error": "\(error)"]) }

  private func save(_ copy: Copy, through queue: JobQueue) throws {
    let (first, end) = (state.withLock { $0.pagedTo }, copy.state.position)
    let page = copy.state.page(from: first)
    let reading = SavedReading(
      key: key, tokens: copy.tokens, seconds: copy.seconds, number: 0, isa: ComputeBackend.isa,
      state: try CompressedBytes(compressing: copy.state.archive(), level: Self.compressionLevel),
      pages: page.isEmpty
        ? []
        : [.init(firstToken: first, endToken: end, data: try CompressedBytes(compressing: page, level: Self.compressionLevel))])
    guard try queue.save(reading, job: job.id, fence: job.fence) else { return lost() }
    state.withLock { ($0.pagedTo, $0.saved) = (end, $0.saved + 1) }
    logger.info(
      "checkpoint",
      metadata: ["job": "\(job.id)", "tokens": "\(copy.tokens)", "bytes": "\(reading.state.payload.count)"])
  }
}
