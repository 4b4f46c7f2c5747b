import Foundation
import Jobs
import Logging
import Synchronization

/// Says that the worker lives, reports its progress and hears what became of its claim:
/// on a thread and a connection of its own, so that it never waits for inference.
final class Heartbeat: Sendable {
  private static let seconds = 2.0
  private static let rescueEvery = 10

  private struct State {
    var claim: (job: Int, fence: Int)?
    var done = 0
    var total = 0
    var verdict = Verdict.going
    var isStopping = false
  }

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)
  private let finished = DispatchSemaphore(value: 0)
  private let url: String
  private let worker: UUID
  private let name: String
  private let logger: Logger

  init(url: String, worker: UUID, name: String, logger: Logger) {
    self.url = url
    self.worker = worker
    self.name = name
    self.logger = logger
  }

  func start() { Thread { [self] in beatUntilStopped() }.start() }

  /// Ends the thread and takes the worker off the list.
  func stop() {
    state.withLock { $0.isStopping = true }
    wake.signal()
    finished.wait()
  }

  /// From now on progress is about this claim; nil when there is none.
  func follow(_ claim: ClaimedJob?) {
    state.withLock { state in
      state.claim = claim.map { ($0.id, $0.fence) }
      (state.done, state.total, state.verdict) = (0, 0, .going)
    }
  }

  func progress(_ done: Int, _ total: Int) {
    state.withLock { ($0.done, $0.total) = (done, total) }
  }

  var verdict: Verdict { state.withLock { $0.verdict } }

  private func beatUntilStopped() {
    var queue: JobQueue?
    var count = 0
    while !state.withLock({ $0.isStopping }) {
      do {
        let current = try queue ?? connect()
        queue = current
        try beat(current)
        count += 1
        if count % Self.rescueEvery == 0 { try rescue(current) }
      } catch {
        logger.warning("heartbeat failed", metadata: ["error": "\(error)"])
        queue = nil
      }
      _ = wake.wait(timeout: .now() + Self.seconds)
    }
    _ = try? queue?.unregister(worker: worker)
    finished.signal()
  }

  private func connect() throws -> JobQueue {
    let queue = try JobQueue(url: url)
    if try !queue.beat(worker: worker) { try register(queue) }
    return queue
  }

  private func register(_ queue: JobQueue) throws {
    try queue.register(
      worker: worker, name: name, host: ProcessInfo.processInfo.hostName, pid: Int(ProcessInfo.processInfo.processIdentifier))
  }

  private func beat(_ queue: JobQueue) throws {
    if try !queue.beat(worker: worker) { try register(queue) }
    let (claim, done, total) = state.withLock { ($0.claim, $0.done, $0.total) }
    guard let claim else { return }
    let verdict = try queue.report(job: claim.job, fence: claim.fence, done: done, total: total)
    state.withLock { state in
      // The claim may have ended while its report was under way.
      if state.claim?.fence == claim.fence { state.verdict = verdict }
    }
  }

  private func rescue(_ queue: JobQueue) throws {
    let count = try queue.rescue()
    if count > 0 { logger.notice("gave back jobs of dead workers", metadata: ["count": "\(count)"]) }
  }
}
