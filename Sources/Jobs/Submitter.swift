import Documents
import Foundation
import Postgres
package import Results

/// What people do who want something read: order it, follow it, take the result.
package struct Submitter {
  private let database: JobDatabase

  init(_ database: JobDatabase) { self.database = database }

  /// - Returns: the job's id, and whether it is new.
  /// - Throws: `PostgresError`
  package func submit(_ order: JobOrder) throws -> (id: Int, created: Bool) {
    let rows = try database.rows(
      from: "submit",
      [
        .text(order.document.name), .text(order.document.text),
        .text(try PartsCoding.encode(order.document.parts)), .text(order.task.rawValue),
        .text(order.question), .text(order.model), .integer(order.priority),
        .text(try order.parameters.encoded()),
        .boolean(order.again), .text(order.key),
        .seconds(order.deadlineSeconds.map { Double($0) }),
      ])
    guard let row = rows.first else { throw PostgresError.unexpectedResult("no job") }

    return (try row.integer("job_id"), try row.boolean("created"))
  }

  /// - Throws: `JobError.noSuchJob`, `PostgresError`
  package func status(_ id: Int) throws -> JobStatus {
    guard let status = try statuses(.integer(id), limit: 1).first else {
      throw JobError.noSuchJob(id)
    }
    return status
  }

  /// The newest jobs first.
  /// - Parameter states: only jobs in these; all where it is empty.
  /// - Throws: `PostgresError`
  package func list(limit: Int, states: [JobState] = []) throws -> [JobStatus] {
    let wanted = states.map(\.rawValue).joined(separator: ",")
    return try statuses(.null, limit: limit, states: wanted.isEmpty ? .null : .text(wanted))
  }

  private func statuses(
    _ id: Parameter, limit: Int, states: Parameter = .null
  ) throws -> [JobStatus] {
    try database.rows(of: PackageResources.status_sql, [id, .integer(limit), states])
      .map(JobStatus.init)
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

  /// The document's text as stored, in which offsets count.
  /// - Throws: `JobError.noSuchJob`, `PostgresError`
  package func documentText(_ id: Int) throws -> String {
    let sql = """
      select d.text from docproc.job j join docproc.document d on d.id = j.document_id
      where j.id = $1::bigint
      """
    guard let row = try database.connection.query(sql, [.integer(id)]).first else {
      throw JobError.noSuchJob(id)
    }
    return try row.text("text")
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
