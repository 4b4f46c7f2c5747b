import Foundation
import Postgres

/// Many requests in one file.
package struct Batch: Sendable {
  package let id: String
  package let endpoint: String
  package let inputFile: String
  package let completionWindow: String
  /// JSON of an object; nil for none.
  package let metadata: String?
  package let model: String?
  package let status: String
  /// JSON: [{code, line, message, param}].
  package let errors: String?
  package let total: Int
  /// Lines that are jobs, or errors.
  package let ordered: Int
  package let completed: Int
  package let failed: Int
  package let outputFile: String?
  package let errorFile: String?
  package let outputExpiresAfter: Int?
  /// Seconds since 1970 by the names that the API has for them, such as `in_progress_at`.
  package let times: [String: Int]

  package static let timeNames = [
    "created_at", "expires_at", "in_progress_at", "finalizing_at", "completed_at", "failed_at",
    "expired_at", "cancelling_at", "cancelled_at",
  ]
}

/// A line of a batch, with what became of it.
package struct BatchLine: Sendable {
  package let line: Int
  package let customID: String
  package let request: String
  package let job: Int?
  /// JSON: {code, message}; nil where it became a job.
  package let error: String?
  package let state: JobState?

  package init(
    line: Int, customID: String, request: String, job: Int?, error: String?, state: JobState?
  ) {
    self.line = line
    self.customID = customID
    self.request = request
    self.job = job
    self.error = error
    self.state = state
  }
}

extension TenantSession {
  private static let batchColumns =
    """
    b.id, b.endpoint, b.input_file_id, b.completion_window, b.metadata::text as metadata, \
    b.model, b.status, b.errors::text as errors, b.total, b.ordered, b.output_file_id, \
    b.error_file_id, c.completed, c.failed, \
    extract(epoch from b.output_expires_after)::bigint as output_expires_after, \

    """
    + Batch.timeNames.map { "extract(epoch from b.\($0))::bigint as \($0)" }.joined(
      separator: ", ")

  private func batch(_ row: Row) throws -> Batch {
    var times: [String: Int] = [:]
    for name in Batch.timeNames { times[name] = try row.optionalInteger(name) }
    return Batch(
      id: try row.text("id"), endpoint: try row.text("endpoint"),
      inputFile: try row.text("input_file_id"),
      completionWindow: try row.text("completion_window"),
      metadata: try row.optionalText("metadata"), model: try row.optionalText("model"),
      status: try row.text("status"), errors: try row.optionalText("errors"),
      total: try row.integer("total"), ordered: try row.integer("ordered"),
      completed: try row.integer("completed"), failed: try row.integer("failed"),
      outputFile: try row.optionalText("output_file_id"),
      errorFile: try row.optionalText("error_file_id"),
      outputExpiresAfter: try row.optionalInteger("output_expires_after"), times: times)
  }

  package func addBatch(
    endpoint: String, inputFile: String, completionWindow: String, seconds: Int, metadata: String?,
    outputExpiresAfter: Int?
  ) throws -> String {
    let id = RandomID.make("batch_")
    _ = try rows(
      """
      insert into docproc.batch (id, endpoint, input_file_id, completion_window, expires_at,
        metadata, output_expires_after)
      values ($1, $2, $3, $4, clock_timestamp() + $5::interval, $6::jsonb, $7::interval)
      """,
      [
        .text(id), .text(endpoint), .text(inputFile), .text(completionWindow),
        .seconds(Double(seconds)), .text(metadata), .seconds(outputExpiresAfter.map(Double.init)),
      ])
    return id
  }

  package func batch(_ id: String) throws -> Batch? {
    let sql = """
      select \(Self.batchColumns) from docproc.batch b
      join docproc.batches c on c.id = b.id where b.id = $1
      """
    return try rows(sql, [.text(id)]).first.map(batch)
  }

  /// The newest first.
  package func batches(limit: Int, after: String?) throws -> [Batch] {
    let sql = """
      select \(Self.batchColumns) from docproc.batch b
      join docproc.batches c on c.id = b.id
      where $1::text is null or (b.created_at, b.id)
        < (select a.created_at, a.id from docproc.batch a where a.id = $1)
      order by b.created_at desc, b.id desc limit $2::integer
      """
    return try rows(sql, [.text(after), .integer(limit)]).map(batch)
  }

  /// - Returns: whether there is such a batch.
  package func cancel(batch id: String) throws -> Bool {
    try value(of: "cancel_batch", [.text(id)]).boolean("value")
  }

  // MARK: Bringing one on

  /// Brings a batch to a state, and notes when.
  /// - Parameter before: where it has to be: somebody may have cancelled it meanwhile.
  /// - Returns: whether it was there.
  package func set(
    batch id: String, from before: [String], to status: String
  ) throws -> Bool {
    let column = Batch.timeNames.first { $0 == status + "_at" }
    let noted = column.map { ", \($0) = clock_timestamp()" } ?? ""
    return try !rows(
      """
      update docproc.batch set status = $2\(noted)
      where id = $1 and status = any ($3::text[]) returning id
      """, [.text(id), .text(status), .list(before)]
    ).isEmpty
  }

  /// - Parameter errors: JSON: [{code, line, message, param}].
  package func fail(batch id: String, errors: String) throws {
    guard try set(batch: id, from: ["validating"], to: "failed") else { return }
    _ = try rows(
      "update docproc.batch set errors = $2::jsonb where id = $1", [.text(id), .text(errors)])
  }

  package func begin(batch id: String, total: Int, model: String?) throws {
    guard try set(batch: id, from: ["validating"], to: "in_progress") else { return }
    _ = try rows(
      "update docproc.batch set total = $2, model = $3 where id = $1",
      [.text(id), .integer(total), .text(model)])
  }

  /// Notes lines that have become jobs, or errors; all that stand before them have, too.
  package func add(lines: [BatchLine], to batch: String) throws {
    for line in lines {
      _ = try rows(
        """
        insert into docproc.batch_line (batch_id, line, custom_id, request_id, job_id, error)
        values ($1, $2, $3, $4, $5, $6::jsonb) on conflict do nothing
        """,
        [
          .text(batch), .integer(line.line), .text(line.customID), .text(line.request),
          .integer(line.job), .text(line.error),
        ])
    }
    _ = try rows(
      "update docproc.batch set ordered = greatest(ordered, $2) where id = $1",
      [.text(batch), .integer(lines.last?.line ?? 0)])
  }

  /// Some lines behind one, in their order.
  package func lines(of batch: String, after line: Int, limit: Int) throws -> [BatchLine] {
    let sql = """
      select l.line, l.custom_id, l.request_id, l.job_id, l.error::text as error, s.state
      from docproc.batch_line l left join docproc.job_state s on s.job_id = l.job_id
      where l.batch_id = $1 and l.line > $2::integer order by l.line limit $3::integer
      """
    return try rows(sql, [.text(batch), .integer(line), .integer(limit)]).map { row in
      BatchLine(
        line: try row.integer("line"), customID: try row.text("custom_id"),
        request: try row.text("request_id"), job: try row.optionalInteger("job_id"),
        error: try row.optionalText("error"),
        state: try row.optionalText("state").map(JobState.init(named:)))
    }
  }

  /// Lines whose jobs may still be answered.
  package func openLines(of batch: String) throws -> Int {
    let sql = """
      select count(*) as count from docproc.batch_line l
      join docproc.job_state s on s.job_id = l.job_id
      where l.batch_id = $1 and s.state not in ('completed', 'failed', 'cancelled')
      """
    return try rows(sql, [.text(batch)]).first?.integer("count") ?? 0
  }

  /// Ends the time of a batch: what is not answered is given up.
  /// - Returns: false where it has ended otherwise meanwhile.
  package func expire(batch id: String) throws -> Bool {
    let open = ["validating", "in_progress"]
    guard try set(batch: id, from: open, to: "cancelling") else { return false }
    _ = try rows(
      """
      update docproc.batch set expired_at = clock_timestamp(), cancelling_at = null where id = $1
      """, [.text(id)])
    return true
  }

  package func set(batch id: String, outputFile: String?, errorFile: String?) throws {
    _ = try rows(
      "update docproc.batch set output_file_id = $2, error_file_id = $3 where id = $1",
      [.text(id), .text(outputFile), .text(errorFile)])
  }

  /// Tells the tenant's webhooks.
  package func announce(_ type: String, _ subject: String) throws {
    _ = try value(of: "announce", [.text(tenant), .text(type), .text(subject)])
  }
}

/// What any coordinator does for all tenants.
package struct ServiceUpkeep {
  let database: JobDatabase

  package struct OpenBatch: Sendable {
    package let id: String
    package let tenant: String
  }

  package struct Delivery: Sendable {
    package let id: String
    package let url: String
    package let secret: String
    package let body: String
    package let attempts: Int
  }

  /// Batches to be brought on: nobody else gets them until they are let go, or for a minute.
  package func takeBatches() throws -> [OpenBatch] {
    try database.rows(from: "take_batches", []).map { row in
      OpenBatch(id: try row.text("id"), tenant: try row.text("tenant"))
    }
  }

  /// - Parameter seconds: until it is given again.
  package func letGo(batch id: String, againAfter seconds: Double) throws {
    _ = try database.value(of: "let_batch", [.text(id), .seconds(seconds)])
  }

  package func dueDeliveries(most: Int) throws -> [Delivery] {
    try database.rows(from: "due_deliveries", [.integer(most)]).map { row in
      Delivery(
        id: try row.text("id"), url: try row.text("url"), secret: try row.text("secret"),
        body: try row.text("body"), attempts: try row.integer("attempts"))
    }
  }

  /// - Parameters:
  ///   - problem: nil where it was taken.
  ///   - againAfter: seconds until it is tried again; nil for never.
  package func end(delivery id: String, problem: String?, againAfter: Double?) throws {
    _ = try database.value(
      of: "end_delivery", [.text(id), .text(problem), .seconds(againAfter)])
  }
}

extension JobDatabase {
  package var serviceUpkeep: ServiceUpkeep { ServiceUpkeep(database: self) }
}
