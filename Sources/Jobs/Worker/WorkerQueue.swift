package import Foundation
package import Results

/// What workers do with the queue. Every write about a job carries its claim, and has no effect
/// once the claim is another's.
///
/// For one thread at a time. `PostgresWorkerQueue` is the real one.
package protocol WorkerQueue: AnyObject {
  // MARK: The worker

  func register(_ worker: WorkerCard) throws
  func unregister(worker: UUID) throws
  /// - Returns: false when the worker's row is gone, and it has to register again.
  func beat(worker: UUID) throws -> Bool

  /// Notes where the worker's process runs.
  func place(_ worker: WorkerCard) throws
  /// Other workers of the same place, whose processes this one can look for.
  func neighbours(of worker: UUID) throws -> [Neighbour]
  /// Takes the claims of a worker whose process has ended.
  /// - Returns: how many.
  func bury(worker: UUID, reason: String) throws -> Int
  /// - Throws: `PostgresError` when a step that this program cannot work beside was applied.
  func checkSchema() throws

  // MARK: A job

  /// The next jobs whose model is one of these, or is given by path if the worker takes those; in
  /// their order. What this worker still holds is given back first.
  func claim(
    atMost count: Int, worker: UUID, models: [String], takesPaths: Bool
  ) throws -> [ClaimedJob]

  func report(_ claim: Claim, _ progress: JobProgress) throws -> Verdict

  /// Several results in one transaction, each accepted or not by itself: not when its claim was
  /// lost; nothing was written then. True again for one that was accepted before, under its claim.
  func complete(_ jobs: [FinishedJob]) throws -> [Bool]

  /// - Returns: the job's state afterwards; nil when the claim was lost.
  func fail(_ claim: Claim, message: String, retryable: Bool) throws -> JobState?

  /// Gives a job back, which uses up no attempt; others may claim it after the delay.
  /// - Returns: false when the claim was lost.
  func release(_ claim: Claim, delaySeconds: Double, reason: String?) throws -> Bool

  /// - Returns: false when the claim was lost.
  func confirmCancel(_ claim: Claim) throws -> Bool

  // MARK: Checkpoints

  /// - Returns: false when the claim was lost; nothing was written then.
  func save(_ checkpoint: Checkpoint, _ claim: Claim) throws -> Bool

  /// The job's last checkpoint with all its pages, if it has this key.
  func checkpoint(of claim: Claim, key: String) throws -> Checkpoint?

  // MARK: Answers to many questions

  /// The answers that a job's questions have already, if they are of this key; without a gap.
  func answers(of claim: Claim, key: String) throws -> [ResultRecord.AnswerInfo]

  /// Notes answers, the first of which is the `first`th from 1.
  /// - Returns: false when the claim was lost.
  func save(
    _ answers: [ResultRecord.AnswerInfo], from first: Int, _ claim: Claim, key: String
  ) throws -> Bool

  // MARK: Kept readings

  /// - Returns: nil when the claim was lost.
  func keepPlan(_ claim: Claim) throws -> KeepPlan?

  /// Kept states of a kind and of the job's tenant, those after most tokens first.
  func kept(kind: String, atMost tokens: Int, _ claim: Claim) throws -> [KeptCandidate]

  /// - Parameter cached: gives the compressed state of a digest where it need not be fetched.
  /// - Returns: nil when it is gone, or the claim was lost.
  func load(
    _ candidate: KeptCandidate, _ claim: Claim, cached: (_ sha256: String) -> [UInt8]?
  ) throws -> Checkpoint?

  /// Notes that a reading went on from it.
  func use(_ candidate: KeptCandidate, _ claim: Claim) throws

  /// Deletes one that is damaged.
  func drop(_ candidate: KeptCandidate, _ claim: Claim) throws

  /// - Returns: false when the claim was lost, or the tenant's limit is smaller.
  func keep(_ kept: KeptState, _ claim: Claim) throws -> Bool

  // MARK: The fleet

  /// What any worker does for all: gives back jobs whose worker is dead or stalled, ends those past
  /// their deadline, and asks readings to make way for more important jobs. One at a time does it.
  /// - Returns: how many were given back.
  func sweep() throws -> Int

  /// Deletes what the settings say is old.
  /// - Returns: how many jobs.
  func forgetOld() throws -> Int

  /// Tells this database from others.
  func databaseIdentity() throws -> String

  /// How long workers live, and the bounds of what lies between checkpoints.
  func checkpointPlan() throws -> CheckpointPlan

  /// Seconds after which a worker that is not heard of is taken for dead.
  func leaseSeconds() throws -> Double

  // MARK: Notifications

  /// Asks for notifications of a kind. Behind a pooler that lends connections by transaction none
  /// come.
  func listen(to channel: QueueChannel) throws
  /// What nobody listens to is not kept for him.
  func unlisten(from channel: QueueChannel) throws

  /// Waits until one comes, the time is over, or the descriptor becomes readable.
  func wait(seconds: Double, alarm: Int32) throws
}

/// All in seconds.
package struct CheckpointPlan: Sendable, Equatable {
  /// Of a worker, before it ends without a word.
  package let life: Double
  package let floor: Double
  package let ceiling: Double

  package init(life: Double, floor: Double, ceiling: Double) {
    self.life = life
    self.floor = floor
    self.ceiling = ceiling
  }
}

/// What the queue tells those who listen.
package enum QueueChannel: Sendable, Equatable {
  /// A job may be claimed: by this worker, which was chosen, or by any.
  case ready(worker: UUID)
  /// Somebody wishes something of a running job's worker.
  case wish

  /// As Postgres knows it.
  var names: [String] {
    switch self {
    case .ready(let worker):
      let own = worker.uuidString.lowercased().replacing("-", with: "_")
      return ["docproc_ready", "docproc_ready_\(own)"]
    case .wish: return ["docproc_wish"]
    }
  }
}

extension WorkerQueue {
  /// The next job; nil when there is none.
  package func claim(
    worker: UUID, models: [String], takesPaths: Bool = true
  ) throws -> ClaimedJob? {
    try claim(atMost: 1, worker: worker, models: models, takesPaths: takesPaths).first
  }

  /// - Returns: false when the claim was lost; nothing was written then. True again for a result
  ///   that was accepted before, under this claim.
  package func complete(_ claim: Claim, _ record: ResultRecord) throws -> Bool {
    try complete([FinishedJob(claim: claim, record: record)])[0]
  }

  package func release(_ claim: Claim, reason: String? = nil) throws -> Bool {
    try release(claim, delaySeconds: 0, reason: reason)
  }
}
