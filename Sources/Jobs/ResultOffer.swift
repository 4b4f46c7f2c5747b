import Foundation
import Results

/// A job with its result, under the fence of its claim.
public struct FinishedJob: Sendable {
  public let id: Int
  public let fence: Int
  public let record: ResultRecord

  public init(id: Int, fence: Int, record: ResultRecord) { (self.id, self.fence, self.record) = (id, fence, record) }
}

/// A result as SQL/complete.sql takes it.
struct ResultOffer: Encodable {
  private let job: Int
  private let fence: Int
  private let worker: String
  private let model: String
  private let modelSHA256: String
  private let answer: String
  private let supported: Bool
  private let evidence: [Quote]
  private let figures: ReadingFigures
  private let tokens: Int
  private let payload: Data  // as base64
  private let rawBytes: Int
  private let sha256: String

  /// - Throws: `CompressionError`
  init(_ finished: FinishedJob) throws {
    let (record, compressed) = (finished.record, try ResultCodec.encode(finished.record))
    (job, fence, worker) = (finished.id, finished.fence, record.worker)
    (model, modelSHA256) = (record.model.name, record.model.sha256)
    (answer, supported, evidence) = (record.answer, record.supported, record.evidence)
    (figures, tokens) = (record.reading, record.document.tokens)
    (payload, rawBytes, sha256) = (Data(compressed.payload), compressed.rawBytes, compressed.sha256)
  }

  enum CodingKeys: String, CodingKey {
    case job, fence, worker, model, answer, supported, evidence, figures, tokens, payload, sha256
    case modelSHA256 = "model_sha256"
    case rawBytes = "raw_bytes"
  }
}
