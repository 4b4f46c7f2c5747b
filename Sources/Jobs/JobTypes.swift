import Foundation
import Results

/// An order to be given.
public struct JobOrder: Sendable {
  public let documentName: String
  public let text: String
  /// JSON of the document's parts.
  public let partsJSON: String
  public let task: String
  public let question: String?
  public let model: String
  public let priority: Int
  /// True: a new job even if the same was ordered before.
  public let again: Bool
  /// Orders with the same key are the same job; nil: those with the same content.
  public let key: String?
  /// A claim that takes longer is ended, and the job has failed.
  public let deadlineSeconds: Int?

  public init(
    documentName: String, text: String, partsJSON: String, task: String, question: String?,
    model: String, priority: Int = 0,
    again: Bool = false, key: String? = nil, deadlineSeconds: Int? = nil
  ) {
    self.documentName = documentName
    self.text = text
    self.partsJSON = partsJSON
    self.task = task
    self.question = question
    self.model = model
    self.priority = priority
    self.again = again
    self.key = key
    self.deadlineSeconds = deadlineSeconds
  }
}

/// A job that this worker may write about, under its fence.
public struct ClaimedJob: Sendable {
  public let id: Int
  public let fence: Int
  public let task: String
  public let question: String?
  public let model: String
  public let documentName: String
  public let text: String
  public let partsJSON: String
  public let sha256: String
  public let bytes: Int
}

/// What the queue says to a worker that reports progress.
public enum Verdict: String, Sendable {
  case going
  case cancel
  /// Stop after a checkpoint, until somebody resumes the job.
  case pause
  /// Make way for a more important job, after a checkpoint.
  case preempt
  /// The claim is another's: stop, and write nothing.
  case lost
}

/// Who a worker process is, and what it can do.
public struct WorkerCard: Sendable {
  public let id: UUID
  public let name: String
  public let host: String
  public let process: Int
  public let models: [String]
  /// True when it tries models that jobs name by their folder.
  public let takesPaths: Bool

  public init(
    id: UUID, name: String, host: String, process: Int, models: [String], takesPaths: Bool
  ) {
    self.id = id
    self.name = name
    self.host = host
    self.process = process
    self.models = models
    self.takesPaths = takesPaths
  }
}

/// How far a worker is with a job.
public struct JobProgress: Sendable, Equatable {
  /// Of the document, that were read.
  public var tokens = 0
  public var total = 0
  /// Of any kind: without new ones a job is stalled.
  public var steps = 0
  public var resumedFrom = 0

  public init(tokens: Int = 0, total: Int = 0, steps: Int = 0, resumedFrom: Int = 0) {
    self.tokens = tokens
    self.total = total
    self.steps = steps
    self.resumedFrom = resumedFrom
  }
}

/// A reading that can go on elsewhere.
public struct SavedReading: Sendable {
  /// What grew by the tokens firstToken..<endToken, counted with those before the document.
  public struct Page: Sendable {
    public let firstToken: Int
    public let endToken: Int
    public let data: CompressedBytes

    public init(firstToken: Int, endToken: Int, data: CompressedBytes) {
      self.firstToken = firstToken
      self.endToken = endToken
      self.data = data
    }
  }

  /// Of document, model, task and format: a reading of another key is of no use.
  public let key: String
  /// Of the document, that were read.
  public let tokens: Int
  /// That reading took so far.
  public let seconds: Double
  /// Checkpoints so far.
  public let number: Int
  /// The instruction set whose kernels computed it: others give slightly other numbers.
  public let isa: String
  public let state: CompressedBytes
  /// All of them when it is loaded, what is new when it is saved.
  public let pages: [Page]

  public init(
    key: String, tokens: Int, seconds: Double, number: Int, isa: String, state: CompressedBytes,
    pages: [Page]
  ) {
    self.key = key
    self.tokens = tokens
    self.seconds = seconds
    self.number = number
    self.isa = isa
    self.state = state
    self.pages = pages
  }
}

/// Where a job stands.
public struct JobStatus: Sendable, Encodable {
  public let id: Int
  public let state: String
  public let task: String
  public let question: String?
  public let document: String
  public let documentSHA256: String
  public let documentBytes: Int
  public let documentTokens: Int?
  public let model: String
  public let priority: Int
  public let tokensRead: Int?
  public let percent: Double?
  public let tokensPerSecond: Double?
  public let etaSeconds: Int?
  /// Of the document, that a checkpoint has.
  public let checkpointTokens: Int?
  public let worker: String?
  public let attempts: Int
  public let crashes: Int
  public let releases: Int
  public let error: String?
  public let createdAt: String
  public let startedAt: String?
  public let finishedAt: String?

  public var isFinal: Bool { ["completed", "failed", "cancelled"].contains(state) }

  enum CodingKeys: String, CodingKey {
    case id, state, task, question, document, model, priority, percent, worker, attempts, crashes,
      releases, error
    case documentSHA256 = "document_sha256"
    case documentBytes = "document_bytes"
    case documentTokens = "document_tokens"
    case tokensRead = "tokens_read"
    case tokensPerSecond = "tokens_per_second"
    case etaSeconds = "eta_seconds"
    case checkpointTokens = "checkpoint_tokens"
    case createdAt = "created_at"
    case startedAt = "started_at"
    case finishedAt = "finished_at"
  }
}
