import Foundation
import Migrations
import Postgres
import Results

public enum JobQueueError: Error, Equatable, CustomStringConvertible {
  case noSuchJob(Int)
  case noResult(id: Int, state: String)

  public var description: String {
    switch self {
    case .noSuchJob(let id): "there is no job \(id)"
    case .noResult(let id, let state): "job \(id) has no result: it is \(state)"
    }
  }
}

/// The queue, over one connection: for one thread at a time.
public final class JobQueue {
  public let connection: Connection

  public static let migrator = Migrator(
    Migrations.all.map {
      Migrator.Step(version: $0.version, name: $0.name, sql: $0.sql, isBreaking: $0.isBreaking)
    })

  /// Brings a database's schema to this program's version, and notes what it looks like then.
  /// - Returns: the versions that were applied.
  /// - Throws: `PostgresError`
  public static func migrate(_ connection: Connection) throws -> [Int] {
    let applied = try migrator.migrate(connection)
    let isNoted = try !connection.query("select from docproc.schema_line limit 1").isEmpty
    // One that was killed between the two left the note to the next.
    if !applied.isEmpty || !isNoted {
      let lines = String(decoding: PackageResources.schema_lines_sql, as: UTF8.self)
      try connection.execute(
        script:
          "begin; truncate docproc.schema_line; insert into docproc.schema_line \(lines); commit")
    }

    return applied
  }

  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  public init(url: String) throws {
    connection = try Connection(url: url)
    try Self.migrator.check(connection)
  }

  func call(_ sql: [UInt8], _ parameters: [Parameter] = [], binary: Bool = false) throws -> [Row] {
    try connection.query(String(decoding: sql, as: UTF8.self), parameters, binary: binary)
  }

  func one(_ sql: [UInt8], _ parameters: [Parameter]) throws -> Row {
    guard let row = try call(sql, parameters).first else {
      throw PostgresError.unexpectedResult("no row")
    }
    return row
  }

  static func optional(_ text: String?) -> Parameter { text.map { .text($0) } ?? .null }

  // MARK: What users do

  /// - Returns: the job's id, and whether it is new.
  public func submit(_ order: JobOrder) throws -> (id: Int, created: Bool) {
    let row = try one(
      PackageResources.submit_sql,
      [
        .text(order.documentName), .text(order.text), .text(order.partsJSON), .text(order.task),
        Self.optional(order.question),
        .text(order.model), .integer(order.priority), .text("{}"), .boolean(order.again),
        Self.optional(order.key),
        Self.optional(order.deadlineSeconds.map { String($0) }),
      ])
    return (try row.integer("job_id"), try row.boolean("created"))
  }

  /// - Throws: `JobQueueError.noSuchJob`.
  public func status(_ id: Int) throws -> JobStatus {
    guard let row = try call(PackageResources.status_sql, [.integer(id), .integer(1)]).first else {
      throw JobQueueError.noSuchJob(id)
    }
    return try Self.status(row)
  }

  /// The newest jobs first.
  public func list(limit: Int) throws -> [JobStatus] {
    try call(PackageResources.status_sql, [.null, .integer(limit)]).map(Self.status)
  }

  /// - Returns: the state after the call; a running job's worker stops it soon.
  public func cancel(_ id: Int) throws -> String { try changed(PackageResources.cancel_sql, id) }

  /// Keeps a job from going on until it is resumed; a running one stops after a checkpoint.
  /// - Returns: the state after the call.
  public func pause(_ id: Int) throws -> String { try changed(PackageResources.pause_sql, id) }

  /// Lets a paused job go on where it stood.
  public func resume(_ id: Int) throws -> String { try changed(PackageResources.resume_sql, id) }

  /// Gives a failed or cancelled job all its attempts again.
  public func retry(_ id: Int) throws -> String { try changed(PackageResources.retry_sql, id) }

  private func changed(_ sql: [UInt8], _ id: Int) throws -> String {
    do {
      return try one(sql, [.integer(id)]).text("state")
    } catch PostgresError.query(sqlState: "P0002", _, _) {
      throw JobQueueError.noSuchJob(id)
    }
  }

  /// The record of a completed job, decoded from its payload.
  /// - Throws: `JobQueueError.noResult`, `CompressionError`, `ResultCodecError`.
  public func result(_ id: Int) throws -> ResultRecord {
    guard let row = try call(PackageResources.result_sql, [.integer(id)]).first else {
      throw JobQueueError.noResult(id: id, state: try status(id).state)
    }
    return try ResultCodec.decode(
      CompressedBytes(
        payload: try row.bytes("payload"), rawBytes: try row.integer("payload_raw_bytes"),
        sha256: try row.text("payload_sha256")))
  }

  /// The document's text as stored, in which offsets count.
  public func documentText(_ id: Int) throws -> String {
    guard let row = try call(PackageResources.document_text_sql, [.integer(id)]).first else {
      throw JobQueueError.noSuchJob(id)
    }
    return try row.text("text")
  }

  public func liveWorkers() throws -> Int {
    try one(PackageResources.live_workers_sql, []).integer("count")
  }

  private static func status(_ row: Row) throws -> JobStatus {
    JobStatus(
      id: try row.integer("id"), state: try row.text("state"), task: try row.text("task"),
      question: try row.optionalText("question"),
      document: try row.text("document"), documentSHA256: try row.text("document_sha256"),
      documentBytes: try row.integer("document_bytes"),
      documentTokens: try row.optionalText("document_tokens").flatMap { Int($0) },
      model: try row.text("model"), priority: try row.integer("priority"),
      tokensRead: try row.optionalText("tokens_read").flatMap { Int($0) },
      percent: try row.optionalText("percent").flatMap { Double($0) },
      tokensPerSecond: try row.optionalText("tokens_per_second").flatMap { Double($0) },
      etaSeconds: try row.optionalText("eta_seconds").flatMap { Int($0) },
      checkpointTokens: try row.optionalText("checkpoint_tokens").flatMap { Int($0) },
      worker: try row.optionalText("worker"), attempts: try row.integer("attempts"),
      crashes: try row.integer("crashes"),
      releases: try row.integer("releases"), error: try row.optionalText("error"),
      createdAt: try row.text("created_at"),
      startedAt: try row.optionalText("started_at"), finishedAt: try row.optionalText("finished_at")
    )
  }
}
