import Inference
import Jobs
import Postgres
import Reading

/// What became of a job that a worker had claimed.
enum JobOutcome: Equatable {
  case finished
  /// It stopped before its end: why, as the queue says it; `going` when the worker itself stops.
  case stopped(Verdict)
  /// This host lacks something that another may have.
  case cannotBeDoneHere(String)
  /// The same document and model give the same error anywhere.
  case broken(String)
  /// The database is there, but not for this worker any more.
  case refusedByDatabase

  /// - Parameter verdict: what the queue last said about the claim.
  init(_ error: any Error, _ verdict: Verdict) {
    switch error {
    case ReadingError.stopped: self = .stopped(verdict)
    case ModelError.libraryUnavailable, JobError.unknownTask, JobError.unknownParameter,
      is ModelShelf.Unavailable:
      self = .cannotBeDoneHere("\(error)")
    case is PostgresError: self = .refusedByDatabase
    default: self = .broken("\(error)")
    }
  }
}

/// What a worker tells the queue about a job: decided from what became of it, and from nothing
/// else.
enum WorkerDecision: Equatable {
  case complete
  case release(delaySeconds: Double, reason: String?)
  case confirmCancel
  case fail(message: String)
  /// The claim is another's: nothing may be written about the job.
  case letGo
  /// The worker ends, with the error.
  case end

  /// As metrics name it.
  var name: String {
    switch self {
    case .complete: "completed"
    case .release: "released"
    case .confirmCancel: "cancelled"
    case .fail: "failed"
    case .letGo: "lost"
    case .end: "ended"
    }
  }

  /// Before a job is tried elsewhere that this host cannot do.
  static let elsewhereSeconds = 15.0

  init(_ outcome: JobOutcome, worker: String) {
    switch outcome {
    case .finished: self = .complete
    case .stopped(.cancel): self = .confirmCancel
    case .stopped(.lost): self = .letGo
    case .stopped(.pause), .stopped(.preempt): self = .release(delaySeconds: 0, reason: nil)
    case .stopped(.going):
      self = .release(delaySeconds: 0, reason: "\(worker) was told to stop")
    case .cannotBeDoneHere(let reason):
      self = .release(delaySeconds: Self.elsewhereSeconds, reason: "\(worker): \(reason)")
    case .broken(let message): self = .fail(message: message)
    case .refusedByDatabase: self = .end
    }
  }

  /// True for what somebody should look at.
  var isFailure: Bool {
    switch self {
    case .fail, .end: true
    case .release(let delay, _): delay > 0
    case .complete, .confirmCancel, .letGo: false
    }
  }
}

/// What to do about a call to the queue that failed.
enum CallDecision: Equatable {
  case tryAgain(reconnecting: Bool)
  /// The worker was told to stop, and the database did not come back in time.
  case giveUp
  case raise

  /// How long a worker that is told to stop still tries to write; then others free its job.
  static let stoppingSeconds = 20.0

  /// - Parameter stoppingFor: seconds since a call first failed after the worker was told to stop.
  init(_ error: PostgresError, stoppingFor seconds: Double?) {
    if !error.isTransient {
      self = .raise
    } else if let seconds, seconds > Self.stoppingSeconds {
      self = .giveUp
    } else {
      self = .tryAgain(reconnecting: error.endsConnection)
    }
  }
}
