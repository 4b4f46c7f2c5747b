import Foundation
package import Results
import Schemas

/// A job with its result, under its claim.
package struct FinishedJob: Sendable {
  package let claim: Claim
  package let record: ResultRecord

  package init(claim: Claim, record: ResultRecord) {
    self.claim = claim
    self.record = record
  }
}

/// A result as docproc.complete takes it.
struct ResultOffer: Encodable {
  private let job: Int
  private let fence: Int
  private let worker: String
  private let model: String
  private let modelSHA256: String
  private let answer: String
  private let answeredFrom: String?
  private let supported: Bool
  private let uncertain: Bool
  private let evidence: [Quote]
  private let outline: [OutlineEntry]?
  private let extraction: JSONTree?
  private let fields: [ExtractedField]?
  private let calls: [ToolCall]?
  private let answers: [ResultRecord.AnswerInfo]?
  private let figures: ReadingFigures
  private let tokens: Int
  private let payload: Data  // as base64
  private let rawBytes: Int
  private let sha256: String

  /// - Throws: `CompressionError`
  init(_ finished: FinishedJob) throws {
    let record = finished.record
    let compressed = try ResultCodec.encode(finished.record)
    job = finished.claim.job
    fence = finished.claim.fence
    worker = record.worker
    model = record.model.name
    modelSHA256 = record.model.sha256
    answer = record.answer
    answeredFrom = record.answeredFrom
    supported = record.supported
    uncertain = record.uncertain ?? false
    evidence = record.evidence
    outline = record.outline
    extraction = record.extraction
    fields = record.fields
    calls = record.calls
    answers = record.answers
    figures = record.reading
    tokens = record.document.tokens
    payload = Data(compressed.payload)
    rawBytes = compressed.rawBytes
    sha256 = compressed.sha256
  }

  enum CodingKeys: String, CodingKey {
    case job, fence, worker, model, answer, supported, uncertain, evidence, outline, extraction,
      fields, calls, answers, figures, tokens, payload, sha256
    case answeredFrom = "answered_from"
    case modelSHA256 = "model_sha256"
    case rawBytes = "raw_bytes"
  }
}
