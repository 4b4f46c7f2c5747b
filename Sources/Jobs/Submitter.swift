import Documents
import Foundation
import Postgres
package import Results

/// What people do who want something read: order it, follow it, take the result.
package struct Submitter {
  let database: JobDatabase

  init(_ database: JobDatabase) { self.database = database }

  /// - Returns: the job's id, and whether it is new.
  /// - Throws: `PostgresError`
  package func submit(_ order: JobOrder) throws -> (id: Int, created: Bool) {
    let document = order.document
    let name = Parameter.text(document.name)
    let details = try order.details()
    if document.text.utf8.count <= Self.pieceBytes {
      let rows = try database.rows(from: "submit", [name, .text(document.text)] + details)
      return try Self.job(rows.first)
    }

    let named = [name, .text(document.sha256)]
    let known = try database.rows(from: "submit_upload", named + [.null] + details)
    if let row = known.first { return try Self.job(row) }
    let upload = try upload(document.text)
    return try Self.job(
      database.rows(from: "submit_upload", named + [.integer(upload)] + details).first)
  }

  /// Orders a job about a document that is here.
  /// - Returns: nil where there is none of this name and SHA-256.
  /// - Throws: `PostgresError`
  package func submit(
    documentNamed name: String, sha256: String, _ task: JobTask, question: String?, model: String,
    parameters: JobParameters, priority: Int = 0, again: Bool = false, key: String? = nil,
    deadlineSeconds: Int? = nil
  ) throws -> (id: Int, created: Bool)? {
    let details: [Parameter] = [
      .null, .text(task.rawValue), .text(question), .text(model), .integer(priority),
      .text(try parameters.encoded()), .boolean(again), .text(key),
      .seconds(deadlineSeconds.map { Double($0) }),
    ]
    let row = try database.rows(
      from: "submit_upload", [.text(name), .text(sha256), .null] + details
    ).first
    return try row.map { try Self.job($0) }
  }

  /// Orders the answer to a question about the document of another job, by its model.
  /// - Returns: the new job's id.
  /// - Throws: `PostgresError`
  package func ask(_ question: String, aboutJob id: Int) throws -> Int {
    let row = try database.rows(from: "ask", [.text(question), .integer(id)]).first
    return try Self.job(row).id
  }

  /// Longer texts go to the database in pieces of so many bytes: it never holds one whole.
  private static let pieceBytes = 4 << 20

  /// - Returns: the upload's number.
  func upload(_ text: String) throws -> Int {
    let number = try database.value(of: "begin_upload").integer("value")
    for (index, piece) in text.pieces(bytes: Self.pieceBytes).enumerated() {
      _ = try database.value(
        of: "upload_piece", [.integer(number), .integer(index), .text(String(piece))])
    }
    return number
  }

  static func job(_ row: Row?) throws -> (id: Int, created: Bool) {
    guard let row else { throw PostgresError.unexpectedResult("no job") }
    return (try row.integer("job_id"), try row.boolean("created"))
  }

  /// - Throws: `JobError.noSuchJob`, `PostgresError`
  package func status(_ id: Int) throws -> JobStatus {
    guard let status = try statuses(of: [id]).first else { throw JobError.noSuchJob(id) }
    return status
  }

  /// Of several jobs; those that there are not are left out.
  /// - Throws: `PostgresError`
  package func statuses(of ids: [Int]) throws -> [JobStatus] {
    let list = "{" + ids.map(String.init).joined(separator: ",") + "}"
    return try database.rows(from: "job_status", [.text(list)]).map(JobStatus.init)
  }

  /// The newest jobs first.
  /// - Parameters:
  ///   - states: only jobs in these; all where it is empty.
  ///   - before: only jobs with lower numbers; nil: all.
  /// - Throws: `PostgresError`
  package func list(
    limit: Int, states: [JobState] = [], before: Int? = nil
  ) throws -> [JobStatus] {
    let wanted = states.map(\.rawValue).joined(separator: ",")
    return try database.rows(
      of: PackageResources.status_sql,
      [.integer(limit), wanted.isEmpty ? .null : .text(wanted), .integer(before)]
    ).map(JobStatus.init)
  }

  /// The record of a completed job, decoded from its payload.
  /// - Throws: `JobError.noResult`, `CompressionError`, `ResultCodecError`, `PostgresError`
  package func result(_ id: Int) throws -> ResultRecord {
    let sql = """
      select payload, payload_raw_bytes, payload_sha256 from docproc.result
      where job_id = $1::bigint
      """
    guard let row = try database.connection.query(sql, [.integer(id)]).first else {
      throw JobError.noResult(id: id, state: try status(id).state)
    }

    return try ResultCodec.decode(
      CompressedBytes(
        payload: try row.bytes("payload"), rawBytes: try row.integer("payload_raw_bytes"),
        sha256: try row.text("payload_sha256")))
  }

  /// A stretch of a document's text, as it is stored.
  package struct DocumentPiece: Sendable {
    package let text: String
    /// Pieces of the document.
    package let count: Int
    /// UTF-8 bytes of the whole document.
    package let documentBytes: Int
  }

  /// - Parameter number: of the piece, from 0.
  /// - Returns: nil where there is no such job, or no such piece.
  /// - Throws: `PostgresError`
  package func documentPiece(_ number: Int, ofJob id: Int) throws -> DocumentPiece? {
    let sql = """
      select p.text, t.bytes, t.pieces from docproc.job j
      join docproc.document d on d.id = j.document_id
      join docproc.content t on t.id = d.content_id
      join docproc.content_piece p on p.content_id = t.id
      where j.id = $1::bigint and p.number = $2::integer
      """
    return try database.connection.query(sql, [.integer(id), .integer(number)]).first.map { row in
      DocumentPiece(
        text: try row.text("text"), count: try row.integer("pieces"),
        documentBytes: try row.integer("bytes"))
    }
  }

  /// The document's text as stored, in which offsets count.
  /// - Throws: `JobError.noSuchJob`, `PostgresError`
  package func documentText(_ id: Int) throws -> String {
    var text = ""
    var number = 0
    var count = 1
    while number < count, let piece = try documentPiece(number, ofJob: id) {
      if number == 0 { text.reserveCapacity(piece.documentBytes) }
      count = piece.count
      text += piece.text
      number += 1
    }
    // It may have been removed in the middle.
    guard number == count else { throw JobError.noSuchJob(id) }
    return text
  }

  /// Tokens a second of the newest readings by a model, their median; nil where there are none.
  /// - Throws: `PostgresError`
  package func readingSpeed(model: String) throws -> Double? {
    let sql = """
      select percentile_cont(0.5) within group (order by tokens_per_second) as speed from (
        select k.tokens_per_second from docproc.job j join docproc.reading k on k.job_id = j.id
        where j.model = $1 and k.tokens_read > 1000 order by j.id desc limit 9
      ) as newest
      """
    return try database.connection.query(sql, [.text(model)]).first?.optionalDouble("speed")
  }

  /// - Throws: `PostgresError`
  package func liveWorkers() throws -> Int {
    let rows = try database.connection.query(
      "select count(*) as count from docproc.workers where alive")
    return try rows.first?.integer("count") ?? 0
  }
}

extension JobOrder {
  /// As the arguments of docproc.submit after the document's.
  fileprivate func details() throws -> [Parameter] {
    [
      .text(try PartsCoding.encode(document.parts)), .text(task.rawValue), .text(question),
      .text(model), .integer(priority), .text(try parameters.encoded()), .boolean(again),
      .text(key), .seconds(deadlineSeconds.map { Double($0) }),
    ]
  }
}

extension String {
  /// Stretches of at most so many UTF-8 bytes, which cut no character's code in two.
  /// - Parameter bytes: four or more.
  func pieces(bytes: Int) -> some Sequence<Substring> {
    sequence(state: startIndex) { start in
      guard start < endIndex else { return nil }
      var end = utf8.index(start, offsetBy: bytes, limitedBy: endIndex) ?? endIndex
      while end < endIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
      defer { start = end }
      return self[start..<end]
    }
  }
}

extension JobDatabase {
  package var submitter: Submitter { Submitter(self) }
}

extension JobStatus {
  /// - Parameter row: of SQL/status.sql.
  fileprivate init(_ row: Row) throws {
    id = try row.integer("id")
    state = try JobState(named: try row.text("state"))
    task = try row.text("task")
    question = try row.optionalText("question")
    document = try row.text("document")
    documentSHA256 = try row.text("document_sha256")
    documentBytes = try row.integer("document_bytes")
    documentTokens = try row.optionalInteger("document_tokens")
    model = try row.text("model")
    priority = try row.integer("priority")
    tokensRead = try row.optionalInteger("tokens_read")
    percent = try row.optionalDouble("percent")
    tokensPerSecond = try row.optionalDouble("tokens_per_second")
    etaSeconds = try row.optionalInteger("eta_seconds")
    checkpointTokens = try row.optionalInteger("checkpoint_tokens")
    worker = try row.optionalText("worker")
    phase = try row.optionalText("phase")
    writtenTokens = try row.optionalInteger("written_tokens")
    written = try row.optionalText("written")
    attempts = try row.integer("attempts")
    crashes = try row.integer("crashes")
    releases = try row.integer("releases")
    error = try row.optionalText("error")
    createdAt = try row.text("created_at")
    startedAt = try row.optionalText("started_at")
    finishedAt = try row.optionalText("finished_at")
  }
}
