import Foundation
import Jobs
import Logging
import Postgres
import Synchronization

/// Says that the worker lives, reports its progress and hears what became of its claim: on a
/// thread and a connection of its own, so that it waits neither for inference nor for upkeep.
///
/// It also knows when nobody has heard of the worker for so long that its claim may soon be
/// another's: by the host's monotonic clock, counted from before the last beat that was answered.
final class Heartbeat: Sendable {
  /// A wish that no notification brings is seen this late; several beats fit into a short lease.
  private static func beatSeconds(_ lease: Double) -> Double { min(1, lease / 5) }
  /// Share of the lease after which a worker that is not heard waits instead of reading on.
  private static let patience = 0.75
  /// From one look at the schema's version to the next.
  private static let schemaSeconds = 5.0

  private struct State {
    var claim: Claim?
    var progress = JobProgress()
    var verdict = Verdict.going
    var isStopping = false
    var lease = 60.0
    var heard = ContinuousClock.now
    var schemaChecked = ContinuousClock.now
    /// Why the database is there, but not for this worker.
    var refusal: PostgresError?
  }

  private let state = Mutex(State())
  private let alarm = Alarm()
  private let finished = DispatchSemaphore(value: 0)
  private let connect: @Sendable () throws -> any WorkerQueue
  private let card: WorkerCard
  private let logger: Logger

  init(
    _ connect: @escaping @Sendable () throws -> any WorkerQueue, card: WorkerCard, logger: Logger
  ) {
    self.connect = connect
    self.card = card
    self.logger = logger
  }

  func start() { Thread { [self] in beatUntilStopped() }.start() }

  /// Ends the thread and takes the worker off the list.
  func stop() {
    state.withLock { $0.isStopping = true }
    alarm.ring()
    finished.wait()
  }

  /// From now on progress is about this claim; nil when there is none.
  func follow(_ claim: Claim?) {
    state.withLock { state in
      state.claim = claim
      state.progress = JobProgress()
      state.verdict = .going
    }
  }

  func resumed(at tokens: Int) { state.withLock { $0.progress.resumedFrom = tokens } }

  func progress(_ done: Int, _ total: Int) {
    state.withLock {
      $0.progress.tokens = done
      $0.progress.total = total
      // Reading goes on after what was written of a part.
      $0.progress.writtenTokens = 0
    }
  }

  /// - Parameter text: the answer so far; nil where several are written to choose from.
  func wrote(_ tokens: Int, _ text: String?) {
    state.withLock { state in
      state.progress.writtenTokens = tokens
      // Postgres holds no text with U+0000.
      state.progress.written = text?.filter { $0 != "\0" }
    }
  }

  /// Something was done, of whatever kind.
  func step() { state.withLock { $0.progress.steps += 1 } }

  var verdict: Verdict { state.withLock { $0.verdict } }

  /// Why this worker has to end: the schema went beyond it, or its rights are gone. nil while the
  /// database takes what it says, or cannot be reached.
  var refusal: PostgresError? { state.withLock { $0.refusal } }

  /// Somebody else found out that the claim is another's.
  func lost(_ claim: Claim) { state.withLock { if $0.claim == claim { $0.verdict = .lost } } }

  /// Waits while the queue has not heard of this worker for so long that the claim may be lost:
  /// what is computed then may be for nothing. Ends early when `isOver`.
  func waitWhileUnheard(isOver: () -> Bool) {
    guard isUnheard else { return }
    logger.warning("not heard by the database: waiting")
    while isUnheard, refusal == nil, !isOver() { Thread.sleep(forTimeInterval: 0.1) }
    logger.notice("going on")
  }

  private var isUnheard: Bool {
    state.withLock { (ContinuousClock.now - $0.heard) / .seconds(1) > Self.patience * $0.lease }
  }

  private func beatUntilStopped() {
    var queue: (any WorkerQueue)?
    var backoff = Backoff()
    while !state.withLock({ $0.isStopping }) {
      do {
        let current = try queue ?? registered()
        queue = current
        try beat(current)
        backoff.reset()
        let lease = state.withLock { $0.lease }
        try current.wait(seconds: Self.beatSeconds(lease), alarm: alarm.descriptor)
      } catch {
        logger.warning("heartbeat failed", metadata: ["error": "\(error)"])
        queue = nil
        if let error = error as? PostgresError, !error.isTransient {
          state.withLock { $0.refusal = error }
        }
        alarm.wait(seconds: backoff.next())
      }
    }

    try? queue?.unregister(worker: card.id)
    finished.signal()
  }

  /// A connection that the worker is registered over.
  private func registered() throws -> any WorkerQueue {
    let queue = try connect()
    let lease = try queue.leaseSeconds()
    state.withLock { $0.lease = lease }
    try queue.register(card)
    try queue.place(card)
    try queue.listen(to: .wish)
    return queue
  }

  private func beat(_ queue: any WorkerQueue) throws {
    let before = ContinuousClock.now
    if try !queue.beat(worker: card.id) {
      try queue.register(card)
      try queue.place(card)
    }
    if state.withLock({ before - $0.schemaChecked > .seconds(Self.schemaSeconds) }) {
      try queue.checkSchema()
      state.withLock { $0.schemaChecked = before }
    }
    let (claim, progress) = state.withLock { state in
      state.heard = before
      state.refusal = nil
      return (state.claim, state.progress)
    }
    guard let claim else { return }

    let verdict = try queue.report(claim, progress)
    state.withLock { state in
      // The claim may have ended while its report was under way.
      if state.claim == claim { state.verdict = verdict }
    }
  }
}
