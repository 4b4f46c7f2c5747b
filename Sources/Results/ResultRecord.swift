package import Schemas

/// A finished job's whole record, as its compressed payload holds it.
package struct ResultRecord: Codable, Sendable, Equatable {
  package struct DocumentInfo: Codable, Sendable, Equatable {
    package let name: String
    package let sha256: String
    package let bytes: Int
    package let tokens: Int
    /// The file that the text was taken from; nil where the text is the file.
    package let source: SourceInfo?

    package init(
      name: String, sha256: String, bytes: Int, tokens: Int, source: SourceInfo? = nil
    ) {
      self.source = source
      self.name = name
      self.sha256 = sha256
      self.bytes = bytes
      self.tokens = tokens
    }
  }

  /// A file in a foreign format: its media type, and what it is as bytes.
  package struct SourceInfo: Codable, Sendable, Equatable {
    package let type: String
    package let bytes: Int
    package let sha256: String

    package init(type: String, bytes: Int, sha256: String) {
      self.type = type
      self.bytes = bytes
      self.sha256 = sha256
    }
  }

  package struct ModelInfo: Codable, Sendable, Equatable {
    package let name: String
    package let sha256: String

    package init(name: String, sha256: String) {
      self.name = name
      self.sha256 = sha256
    }
  }

  /// One of many questions, with its answer.
  package struct AnswerInfo: Codable, Sendable, Equatable {
    /// As the order names the question.
    package let id: String
    package let question: String
    package let answer: String
    package let answeredFrom: String?
    package let supported: Bool
    package let uncertain: Bool
    package let evidence: [Quote]
    /// Data that was taken out, and where each value of it stands; nil for an answer in words.
    package let extraction: JSONTree?
    package let fields: [ExtractedField]?

    package init(
      id: String, question: String, answer: String, answeredFrom: String?, supported: Bool,
      uncertain: Bool, evidence: [Quote], extraction: JSONTree? = nil,
      fields: [ExtractedField]? = nil
    ) {
      self.extraction = extraction
      self.fields = fields
      self.id = id
      self.question = question
      self.answer = answer
      self.answeredFrom = answeredFrom
      self.supported = supported
      self.uncertain = uncertain
      self.evidence = evidence
    }

    private enum CodingKeys: String, CodingKey {
      case id, question, answer, supported, uncertain, evidence, extraction, fields
      case answeredFrom = "answered_from"
    }
  }

  /// One of the answers that were weighed, with its energy and the terms of it: the answer of the
  /// lowest energy is given.
  package struct CandidateInfo: Codable, Sendable, Equatable {
    package let answer: String
    package let energy: Double
    package let document: Double
    package let prior: Double
    package let disagreement: Double
    package let unsupported: Double

    package init(
      answer: String, energy: Double, document: Double, prior: Double, disagreement: Double,
      unsupported: Double
    ) {
      self.answer = answer
      self.energy = energy
      self.document = document
      self.prior = prior
      self.disagreement = disagreement
      self.unsupported = unsupported
    }
  }

  package let task: String
  package let question: String?
  package let document: DocumentInfo
  /// The answer, or the summary.
  package let answer: String
  /// `reading`, `reading+passages` or `passages`; `highlights` for a summary of sentences of the
  /// document, where nothing that was written is borne out; nil in records from before that was told.
  package let answeredFrom: String?
  /// What the model thought before it answered.
  package let reasoning: String?
  /// False when the document does not support an answer.
  package let supported: Bool
  package let evidence: [Quote]
  /// Of a summary: what each part says.
  package let outline: [OutlineEntry]?
  /// Data that was taken out under a schema, and where each value of it stands; nil for other tasks.
  package let extraction: JSONTree?
  package let fields: [ExtractedField]?
  /// Calls of tools that the model asks for instead of answering; nil for none.
  package let calls: [ToolCall]?
  /// The answers that were weighed; nil where only the most likely one was written.
  package let candidates: [CandidateInfo]?
  /// Of a job that asked many questions, in their order.
  package let answers: [AnswerInfo]?
  package let model: ModelInfo
  package let reading: ReadingFigures
  package let worker: String
  /// What of the path is not in the document, or was read in doubt.
  package let notes: [String]?
  /// True for an answer none of whose words stand in a quote; nil else.
  package let uncertain: Bool?

  private enum CodingKeys: String, CodingKey {
    case task, question, document, answer, reasoning, supported, evidence, outline, model, reading,
      worker, notes, uncertain, answers, extraction, fields, calls,
      candidates
    case answeredFrom = "answered_from"
  }

  package init(
    task: String, question: String?, document: DocumentInfo, answer: String,
    answeredFrom: String? = nil, reasoning: String? = nil, supported: Bool, evidence: [Quote],
    outline: [OutlineEntry]? = nil, extraction: JSONTree? = nil, fields: [ExtractedField]? = nil,
    calls: [ToolCall]? = nil, candidates: [CandidateInfo]? = nil, answers: [AnswerInfo]? = nil,
    model: ModelInfo, reading: ReadingFigures, worker: String,
    notes: [String]? = nil, uncertain: Bool = false
  ) {
    self.extraction = extraction
    self.fields = fields
    self.calls = calls
    self.candidates = candidates
    self.uncertain = uncertain ? true : nil
    self.task = task
    self.question = question
    self.document = document
    self.answer = answer
    self.answeredFrom = answeredFrom
    self.reasoning = reasoning
    self.supported = supported
    self.evidence = evidence
    self.outline = outline
    self.answers = answers
    self.model = model
    self.reading = reading
    self.worker = worker
    self.notes = notes
  }
}
