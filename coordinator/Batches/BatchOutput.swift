import Digests
import Foundation
import Jobs

/// The files that a batch ends in: one of answers, one of errors.
struct BatchOutput: Sendable {
  private static let pieceBytes = 1 << 20
  private static let linesAtOnce = 100

  let pool: DatabasePool

  /// Lines that are in the database, and no file yet.
  struct Written: Sendable {
    let blob: Int
    let bytes: Int
    let sha256: String
  }

  /// - Parameter renew: called now and then, so that nobody else takes the batch.
  /// - Returns: the lines of both; nil where there is nothing to tell.
  func write(
    _ batch: Batch, as status: String, _ key: APIKey, renew: () async throws -> Void
  ) async throws -> (answers: Written?, errors: Written?) {
    var answers = JSONLines(pool: pool, tenant: key.tenant)
    var errors = JSONLines(pool: pool, tenant: key.tenant)
    var last = 0
    while true {
      let after = last
      let lines = try await pool.run(for: key.tenant) { session in
        try session.lines(of: batch.id, after: after, limit: Self.linesAtOnce).map {
          ($0.line, try Self.rendered($0, batch, status, session))
        }
      }
      guard let end = lines.last else { break }
      for (_, line) in lines {
        if line.isError {
          try await errors.add(line.json)
        } else {
          try await answers.add(line.json)
        }
      }
      last = end.0
      try await renew()
    }
    return (try await answers.written(), try await errors.written())
  }

  /// Makes a file of lines.
  /// - Returns: its id.
  static func add(
    _ written: Written, _ kind: String, _ batch: Batch, _ session: TenantSession
  ) throws -> String {
    try session.addFile(
      blobs: [written.blob], filename: "\(batch.id)_\(kind).jsonl", purpose: "batch_output",
      bytes: written.bytes, sha256: written.sha256, status: .processed,
      expiresAfter: batch.outputExpiresAfter
    ).id
  }

  private struct Rendered: Sendable {
    let json: JSON
    let isError: Bool
  }

  private static func rendered(
    _ line: BatchLine, _ batch: Batch, _ status: String, _ session: TenantSession
  ) throws -> Rendered {
    func failure(_ error: JSON) -> Rendered {
      Rendered(
        json: [
          "id": .string(line.request), "custom_id": .string(line.customID), "response": nil,
          "error": error,
        ], isError: true)
    }
    if let error = line.error { return failure(try JSON.parsed(Data(error.utf8))) }
    // A response may have been deleted meanwhile.
    guard let view = try AnswerView.find(line.request, session), line.state == .completed else {
      let job = try line.job.flatMap { try session.submitter.statuses(of: [$0]).first }
      let isFailed = job?.state == .failed
      return failure([
        "code": .string(
          isFailed ? "job_failed" : "batch_" + (status == "completed" ? "cancelled" : status)),
        "message": .string(job?.error ?? "The job was cancelled or deleted."),
      ])
    }
    let body =
      batch.endpoint == BatchRoutes.chatEndpoint
      ? try ChatObject.completion(view) : ResponseObject.json(view)
    let answer: JSON = [
      "id": .string(line.request), "custom_id": .string(line.customID), "error": nil,
      "response": ["status_code": 200, "request_id": .string(line.request), "body": body],
    ]
    return Rendered(json: answer, isError: false)
  }

  /// Lines of JSON on their way into a file.
  private struct JSONLines {
    let pool: DatabasePool
    let tenant: String
    private var bytes: [UInt8] = []
    private var total = 0
    private var pieces = 0
    private var blob: Int?
    private let hash = SHA256()

    init(pool: DatabasePool, tenant: String) {
      self.pool = pool
      self.tenant = tenant
    }

    mutating func add(_ line: JSON) async throws {
      bytes += Array((line.text + "\n").utf8)
      if bytes.count >= BatchOutput.pieceBytes { try await store() }
    }

    private mutating func store() async throws {
      guard !bytes.isEmpty else { return }
      let (piece, number) = (bytes, pieces)
      let blob =
        if let blob { blob } else { try await pool.run(for: tenant) { try $0.beginBlob() } }
      try await pool.run(for: tenant) { try $0.add(piece, number: number, toBlob: blob) }
      piece.withUnsafeBytes { hash.update($0) }
      self.blob = blob
      pieces += 1
      total += piece.count
      bytes = []
    }

    /// - Returns: nil where there were no lines.
    mutating func written() async throws -> Written? {
      try await store()
      return blob.map { Written(blob: $0, bytes: total, sha256: hash.finish()) }
    }
  }
}
