import Foundation
import Postgres

/// What a request was answered by: a job, under the request's own id.
package struct StoredResponse: Sendable {
  package let id: String
  package let job: Int
  package let previous: String?
  /// What the request said, without its texts: JSON.
  package let request: String
  package let createdAt: Int
  package let isCancelled: Bool
}

extension TenantSession {
  package func add(
    response id: String, job: Int, previous: String?, request: String
  ) throws {
    _ = try rows(
      """
      insert into docproc.response (id, job_id, previous_id, request)
      values ($1, $2, $3, $4::jsonb) on conflict (id) do nothing
      """, [.text(id), .integer(job), .text(previous), .text(request)])
  }

  package func response(_ id: String) throws -> StoredResponse? {
    let sql = """
      select id, job_id, previous_id, request::text as request, cancelled_at is not null as gone,
        \(Timestamp.epoch("created_at"))
      from docproc.response where id = $1
      """
    return try rows(sql, [.text(id)]).first.map { row in
      StoredResponse(
        id: try row.text("id"), job: try row.integer("job_id"),
        previous: try row.optionalText("previous_id"), request: try row.text("request"),
        createdAt: try row.integer("created_at"), isCancelled: try row.boolean("gone"))
    }
  }

  /// - Returns: whether it was there and not finished.
  package func cancel(response id: String) throws -> Bool {
    try value(of: "cancel_response", [.text(id)]).boolean("value")
  }

  /// Deletes a response; its job goes with it where nobody else asked for the same.
  /// - Returns: whether there was one.
  package func drop(response id: String) throws -> Bool {
    let gone = try rows(
      "delete from docproc.response where id = $1 returning job_id", [.text(id)])
    return !gone.isEmpty
  }

  package func queuedTokens() throws -> Int {
    try value(of: "queued_tokens").integer("value")
  }

  // MARK: Requests that come twice

  /// What a request's key stands for.
  package enum Idempotency: Sendable, Equatable {
    case new
    /// The first is still at work.
    case atWork
    case answered(String)
    /// The same key came with another request.
    case differs
  }

  /// Claims a key for a request, for a day.
  package func claim(idempotencyKey key: String, requestSHA256: String) throws -> Idempotency {
    let made = try rows(
      """
      insert into docproc.idempotency (key, request_sha256) values ($1, $2)
      on conflict (tenant, key) do update
      -- Whoever had it is gone without an answer.
      set created_at = clock_timestamp()
      where docproc.idempotency.answer is null
        and docproc.idempotency.request_sha256 = excluded.request_sha256
        and docproc.idempotency.created_at < clock_timestamp() - interval '5 minutes'
      returning key
      """, [.text(key), .text(requestSHA256)])
    if !made.isEmpty { return .new }
    let known = try rows(
      "select request_sha256, answer from docproc.idempotency where key = $1", [.text(key)])
    guard let row = known.first else { return .atWork }
    guard try row.text("request_sha256") == requestSHA256 else { return .differs }
    return try row.optionalText("answer").map(Idempotency.answered) ?? .atWork
  }

  /// - Parameter answer: an id; nil gives the key back, since the request came to nothing.
  package func settle(idempotencyKey key: String, answer: String?) throws {
    let sql =
      answer == nil
      ? "delete from docproc.idempotency where key = $1 and $2::text is null"
      : "update docproc.idempotency set answer = $2 where key = $1"
    _ = try rows(sql, [.text(key), .text(answer)])
  }
}

extension TenantSession {
  /// Notes that a request waits for a job, in the transaction that orders it: what came to nothing
  /// before is tried again, and nobody cancels it meanwhile.
  /// - Parameter isDirect: true for who wants the job itself.
  package func join(job: Int, isNew: Bool, isDirect: Bool = false) throws {
    _ = try value(of: "join_job", [.integer(job), .boolean(isNew), .boolean(isDirect)])
  }

  /// Notes the trace that a job belongs to, in the form of W3C's Trace Context.
  package func trace(job: Int, _ traceparent: String) throws {
    _ = try value(of: "trace_job", [.integer(job), .text(traceparent)])
  }
}

extension Submitter {
  /// What an order said about how it is to be done.
  /// - Throws: `JobError`, `PostgresError`
  package func parameters(_ id: Int) throws -> JobParameters {
    let sql = "select parameters::text as parameters from docproc.job where id = $1::bigint"
    guard let row = try database.connection.query(sql, [.integer(id)]).first else {
      throw JobError.noSuchJob(id)
    }
    return try JobParameters.decoded(try row.text("parameters"))
  }
}
