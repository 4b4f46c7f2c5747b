import Foundation
import Jobs
import Postgres
import Results
import Synchronization

/// A queue without a database: what a worker tells it, in order, and what it is told.
final class MemoryQueue: WorkerQueue {
  enum Call: Equatable {
    case beat
    case completed(Claim)
    case failed(Claim, String)
    case released(Claim, delaySeconds: Double, reason: String?)
    case cancelled(Claim)
    case swept
    case forgot
    case buried(UUID)
  }

  struct State {
    var jobs: [ClaimedJob] = []
    var calls: [Call] = []
    var verdict = Verdict.going
    /// As last reported.
    var progress = JobProgress()
    /// Thrown by the next claims, one each.
    var claimErrors: [PostgresError] = []
    var completeError: PostgresError?
    var accepts = true
    var lease = 60.0
    var sweepSeconds = 0.0
    var sweepError: PostgresError?
    var neighbours: [Neighbour] = []
    var keepPlan: KeepPlan?
    var schemaError: PostgresError?
  }

  /// Shared by all connections.
  final class Store: Sendable {
    let state = Mutex(State())

    func add(_ jobs: ClaimedJob...) { state.withLock { $0.jobs += jobs } }
    var calls: [Call] { state.withLock { $0.calls } }
    func count(_ call: Call) -> Int { calls.count { $0 == call } }
  }

  private let store: Store

  init(_ store: Store) { self.store = store }

  private func note(_ call: Call) { store.state.withLock { $0.calls.append(call) } }

  func register(_ worker: WorkerCard) {}
  func unregister(worker: UUID) {}
  func place(_ worker: WorkerCard) {}
  func neighbours(of worker: UUID) -> [Neighbour] { store.state.withLock { $0.neighbours } }
  func checkSchema() throws {
    if let error = store.state.withLock({ $0.schemaError }) { throw error }
  }
  func checkpointPlan() -> CheckpointPlan { CheckpointPlan(life: 86_400, floor: 30, ceiling: 600) }

  func bury(worker: UUID, reason: String) -> Int {
    note(.buried(worker))
    return 1
  }

  func beat(worker: UUID) -> Bool {
    note(.beat)
    return true
  }

  func claim(
    atMost count: Int, worker: UUID, models: [String], takesPaths: Bool
  ) throws -> [ClaimedJob] {
    try store.state.withLock { state in
      if !state.claimErrors.isEmpty { throw state.claimErrors.removeFirst() }
      let taken = Array(state.jobs.prefix(count))
      state.jobs.removeFirst(taken.count)
      return taken
    }
  }

  func report(_ claim: Claim, _ progress: JobProgress) -> Verdict {
    store.state.withLock { state in
      state.progress = progress
      return state.verdict
    }
  }

  func complete(_ jobs: [FinishedJob]) throws -> [Bool] {
    if let error = store.state.withLock({ $0.completeError }) { throw error }
    for job in jobs { note(.completed(job.claim)) }
    return jobs.map { _ in store.state.withLock { $0.accepts } }
  }

  func fail(_ claim: Claim, message: String, retryable: Bool) -> JobState? {
    note(.failed(claim, message))
    return .failed
  }

  func release(_ claim: Claim, delaySeconds: Double, reason: String?) -> Bool {
    note(.released(claim, delaySeconds: delaySeconds, reason: reason))
    return true
  }

  func confirmCancel(_ claim: Claim) -> Bool {
    note(.cancelled(claim))
    return true
  }

  func save(_ checkpoint: Checkpoint, _ claim: Claim) -> Bool { true }
  func checkpoint(of claim: Claim, key: String) -> Checkpoint? { nil }

  func sweep() throws -> Int {
    note(.swept)
    let (seconds, error) = store.state.withLock { ($0.sweepSeconds, $0.sweepError) }
    Thread.sleep(forTimeInterval: seconds)
    if let error { throw error }
    return 0
  }

  func forgetOld() -> Int {
    note(.forgot)
    return 0
  }

  func databaseIdentity() -> String { "memory" }
  func leaseSeconds() -> Double { store.state.withLock { $0.lease } }
  func answers(of claim: Claim, key: String) -> [ResultRecord.AnswerInfo] { [] }
  func save(
    _ answers: [ResultRecord.AnswerInfo], from first: Int, _ claim: Claim, key: String
  ) -> Bool { true }
  func keepPlan(_ claim: Claim) -> KeepPlan? { store.state.withLock { $0.keepPlan } }
  func kept(kind: String, atMost tokens: Int, _ claim: Claim) -> [KeptCandidate] { [] }
  func load(
    _ candidate: KeptCandidate, _ claim: Claim, cached: (_ sha256: String) -> [UInt8]?
  ) -> Checkpoint? { nil }
  func use(_ candidate: KeptCandidate, _ claim: Claim) {}
  func drop(_ candidate: KeptCandidate, _ claim: Claim) {}
  func keep(_ kept: KeptState, _ claim: Claim) -> Bool { true }

  func listen(to channel: QueueChannel) {}
  func unlisten(from channel: QueueChannel) {}

  func wait(seconds: Double, alarm: Int32) {
    var waited = pollfd(fd: alarm, events: Int16(POLLIN), revents: 0)
    _ = poll(&waited, 1, Int32(seconds * 1000))
  }
}
