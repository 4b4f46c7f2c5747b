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
  /// A worker that has not been heard of for this long is taken for dead.
  public static let leaseSeconds = 60.0

  private static let modelSeparator = "\u{1f}"

  public let connection: Connection

  public static let migrator = Migrator(
    Migrations.all.map { Migrator.Step(version: $0.version, name: $0.name, sql: $0.sql) })

  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  public init(url: String) throws {
    connection = try Connection(url: url)
    try Self.migrator.check(connection)
  }

  private func call(_ sql: [UInt8], _ parameters: [Parameter] = []) throws -> [Row] {
    try connection.query(String(decoding: sql, as: UTF8.self), parameters)
  }

  private func one(_ sql: [UInt8], _ parameters: [Parameter]) throws -> Row {
    guard let row = try call(sql, parameters).first else { throw PostgresError.unexpectedResult("no row") }
    return row
  }

  private static func optional(_ text: String?) -> Parameter { text.map { .text($0) } ?? .null }

  // MARK: What users do

  /// - Returns: the job's id, and whether it is new.
  public func submit(_ order: JobOrder) throws -> (id: Int, created: Bool) {
    let row = try one(
      PackageResources.submit_sql,
      [
        .text(order.documentName), .text(order.text), .text(order.partsJSON), .text(order.task), Self.optional(order.question),
        .text(order.model), .integer(order.priority), .text("{}"), .boolean(order.again),
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
  /// - Throws: `JobQueueError.noResult`, `ResultCodecError`.
  public func result(_ id: Int) throws -> ResultRecord {
    guard let row = try call(PackageResources.result_sql, [.integer(id)]).first else {
      throw JobQueueError.noResult(id: id, state: try status(id).state)
    }
    return try ResultCodec.decode(
      CompressedResult(
        payload: try row.bytes("payload"), rawBytes: try row.integer("payload_raw_bytes"), sha256: try row.text("payload_sha256")))
  }

  /// The document's text as stored, in which offsets count.
  public func documentText(_ id: Int) throws -> String {
    guard let row = try call(PackageResources.document_text_sql, [.integer(id)]).first else { throw JobQueueError.noSuchJob(id) }
    return try row.text("text")
  }

  public func liveWorkers() throws -> Int {
    try one(PackageResources.live_workers_sql, [.integer(Int(Self.leaseSeconds))]).integer("count")
  }

  // MARK: What workers do

  public func register(worker: UUID, name: String, host: String, pid: Int) throws {
    _ = try call(PackageResources.register_worker_sql, [.text(worker.uuidString), .text(name), .text(host), .integer(pid)])
  }

  public func unregister(worker: UUID) throws {
    _ = try call(PackageResources.unregister_worker_sql, [.text(worker.uuidString)])
  }

  /// The next job whose model is one of these, or is given by path if the worker takes
  /// those; nil when there is none. What this worker still holds is given back first.
  public func claim(worker: UUID, models: [String], takesPaths: Bool = true) throws -> ClaimedJob? {
    let rows = try call(
      PackageResources.claim_sql,
      [.text(worker.uuidString), .text(models.joined(separator: Self.modelSeparator)), .boolean(takesPaths)])
    return try rows.first.map { row in
      ClaimedJob(
        id: try row.integer("job_id"), fence: try row.integer("fence"), task: try row.text("task"),
        question: try row.optionalText("question"), model: try row.text("model"), documentName: try row.text("document_name"),
        text: try row.text("document_text"), partsJSON: try row.text("document_parts"), sha256: try row.text("document_sha256"),
        bytes: try row.integer("document_bytes"))
    }
  }

  /// False when the worker's row is gone, and it has to register again.
  public func beat(worker: UUID) throws -> Bool {
    try one(PackageResources.beat_sql, [.text(worker.uuidString)]).boolean("known")
  }

  public func report(job: Int, fence: Int, done: Int, total: Int) throws -> Verdict {
    let verdict = try one(PackageResources.report_sql, [.integer(job), .integer(fence), .integer(done), .integer(total)])
      .text("verdict")
    return Verdict(rawValue: verdict) ?? .lost
  }

  /// - Returns: false when the claim was lost; nothing was written then.
  public func complete(job: Int, fence: Int, record: ResultRecord) throws -> Bool {
    let compressed = try ResultCodec.encode(record)
    let encoder = JSONEncoder()
    func json(_ value: some Encodable) throws -> Parameter { .text(String(decoding: try encoder.encode(value), as: UTF8.self)) }
    return try one(
      PackageResources.complete_sql,
      [
        .integer(job), .integer(fence), .text(record.worker), .text(record.model.name), .text(record.model.sha256),
        .text(record.answer), .boolean(record.supported), try json(record.evidence), try json(record.reading),
        .integer(record.document.tokens), .bytes(compressed.payload), .integer(compressed.rawBytes), .text(compressed.sha256),
      ]
    ).boolean("accepted")
  }

  /// - Returns: the job's state afterwards, or "lost".
  public func fail(job: Int, fence: Int, message: String, retryable: Bool) throws -> String {
    try one(PackageResources.fail_sql, [.integer(job), .integer(fence), .text(message), .boolean(retryable)]).text("state")
  }

  /// Gives a job back, which uses up no attempt; others may claim it after the delay.
  public func release(job: Int, fence: Int, delaySeconds: Double = 0, reason: String? = nil) throws -> Bool {
    try one(
      PackageResources.release_sql, [.integer(job), .integer(fence), .text(String(delaySeconds)), Self.optional(reason)]
    ).boolean("accepted")
  }

  public func confirmCancel(job: Int, fence: Int) throws -> Bool {
    try one(PackageResources.confirm_cancel_sql, [.integer(job), .integer(fence)]).boolean("accepted")
  }

  /// Gives back jobs of workers that are dead. - Returns: how many.
  public func rescue(leaseSeconds: Double = JobQueue.leaseSeconds) throws -> Int {
    try one(PackageResources.rescue_sql, [.text(String(leaseSeconds))]).integer("count")
  }

  private static func status(_ row: Row) throws -> JobStatus {
    JobStatus(
      id: try row.integer("id"), state: try row.text("state"), task: try row.text("task"), question: try row.optionalText("question"),
      document: try row.text("document"), documentSHA256: try row.text("document_sha256"),
      documentBytes: try row.integer("document_bytes"), documentTokens: try row.optionalText("document_tokens").flatMap { Int($0) },
      model: try row.text("model"), priority: try row.integer("priority"),
      tokensRead: try row.optionalText("tokens_read").flatMap { Int($0) }, percent: try row.optionalText("percent").flatMap { Double($0) },
      worker: try row.optionalText("worker"), attempts: try row.integer("attempts"), crashes: try row.integer("crashes"),
      releases: try row.integer("releases"), error: try row.optionalText("error"), createdAt: try row.text("created_at"),
      startedAt: try row.optionalText("started_at"), finishedAt: try row.optionalText("finished_at"))
  }
}
