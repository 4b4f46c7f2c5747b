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

  public init(
    documentName: String, text: String, partsJSON: String, task: String, question: String?, model: String, priority: Int = 0,
    again: Bool = false
  ) {
    self.documentName = documentName
    self.text = text
    self.partsJSON = partsJSON
    self.task = task
    self.question = question
    self.model = model
    self.priority = priority
    self.again = again
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
  /// The claim is another's: stop, and write nothing.
  case lost
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
    case id, state, task, question, document, model, priority, percent, worker, attempts, crashes, releases, error
    case documentSHA256 = "document_sha256"
    case documentBytes = "document_bytes"
    case documentTokens = "document_tokens"
    case tokensRead = "tokens_read"
    case createdAt = "created_at"
    case startedAt = "started_at"
    case finishedAt = "finished_at"
  }
}
