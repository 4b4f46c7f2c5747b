/// Where a job stands.
package struct JobStatus: Sendable, Encodable, Equatable {
  package let id: Int
  package let state: JobState
  package let task: String
  package let question: String?
  package let document: String
  package let documentSHA256: String
  package let documentBytes: Int
  package let documentTokens: Int?
  package let model: String
  package let priority: Int
  package let tokensRead: Int?
  package let percent: Double?
  package let tokensPerSecond: Double?
  package let etaSeconds: Int?
  /// Of the document, that a checkpoint has.
  package let checkpointTokens: Int?
  package let worker: String?
  /// Of a running job: `preparing`, `reading` or `writing`.
  package let phase: String?
  package let writtenTokens: Int?
  /// Of the answer, so far; nil where several are written to choose from.
  package let written: String?
  package let attempts: Int
  package let crashes: Int
  package let releases: Int
  package let error: String?
  package let createdAt: String
  package let startedAt: String?
  package let finishedAt: String?

  package var isFinal: Bool { state.isFinal }

  enum CodingKeys: String, CodingKey {
    case id, state, task, question, document, model, priority, percent, worker, phase, written,
      attempts, crashes,
      releases, error
    case documentSHA256 = "document_sha256"
    case documentBytes = "document_bytes"
    case documentTokens = "document_tokens"
    case tokensRead = "tokens_read"
    case tokensPerSecond = "tokens_per_second"
    case etaSeconds = "eta_seconds"
    case checkpointTokens = "checkpoint_tokens"
    case writtenTokens = "written_tokens"
    case createdAt = "created_at"
    case startedAt = "started_at"
    case finishedAt = "finished_at"
  }
}
