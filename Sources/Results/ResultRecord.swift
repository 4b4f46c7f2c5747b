/// A finished job's whole record, as its compressed payload holds it.
public struct ResultRecord: Codable, Sendable, Equatable {
  public struct DocumentInfo: Codable, Sendable, Equatable {
    public let name: String
    public let sha256: String
    public let bytes: Int
    public let tokens: Int

    public init(name: String, sha256: String, bytes: Int, tokens: Int) {
      self.name = name
      self.sha256 = sha256
      self.bytes = bytes
      self.tokens = tokens
    }
  }

  public struct ModelInfo: Codable, Sendable, Equatable {
    public let name: String
    public let sha256: String

    public init(name: String, sha256: String) {
      self.name = name
      self.sha256 = sha256
    }
  }

  public let task: String
  public let question: String?
  public let document: DocumentInfo
  /// The answer, or the summary.
  public let answer: String
  /// False when the document does not support an answer.
  public let supported: Bool
  public let evidence: [Quote]
  public let model: ModelInfo
  public let reading: ReadingFigures
  public let worker: String

  public init(
    task: String, question: String?, document: DocumentInfo, answer: String, supported: Bool,
    evidence: [Quote],
    model: ModelInfo, reading: ReadingFigures, worker: String
  ) {
    self.task = task
    self.question = question
    self.document = document
    self.answer = answer
    self.supported = supported
    self.evidence = evidence
    self.model = model
    self.reading = reading
    self.worker = worker
  }
}
