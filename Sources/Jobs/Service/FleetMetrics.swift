import Foundation
import Postgres

/// A number about the queue, of all tenants together.
package struct FleetMetric: Sendable {
  package let name: String
  package let labels: [String: String]
  package let value: Double
}

/// A finished job as its trace tells it; times are seconds since 1970.
package struct TracedJob: Sendable {
  package let job: Int
  /// In the form of W3C's Trace Context.
  package let parent: String
  package let task: String
  package let model: String
  package let state: String
  package let error: String?
  package let worker: String?
  package let documentBytes: Int
  package let tokensRead: Int?
  package let orderedAt: Double
  package let claimedAt: Double?
  package let readSeconds: Double?
  package let finishedAt: Double
}

extension ServiceUpkeep {
  package func metrics() throws -> [FleetMetric] {
    let sql = "select name, labels::text as labels, value from docproc.service_metrics()"
    return try database.connection.query(sql).map { row in
      let labels = try JSONSerialization.jsonObject(with: Data(row.text("labels").utf8))
      return FleetMetric(
        name: try row.text("name"),
        labels: (labels as? [String: Any] ?? [:]).mapValues { value in
          (value as? String) ?? (value as? Bool).map { $0 ? "true" : "false" } ?? "\(value)"
        },
        value: try row.double("value"))
    }
  }

  /// Finished jobs whose traces were not told yet; each is given once.
  package func dueTraces() throws -> [TracedJob] {
    try database.rows(from: "due_traces", []).map { row in
      TracedJob(
        job: try row.integer("job"), parent: try row.text("parent"), task: try row.text("task"),
        model: try row.text("model"), state: try row.text("state"),
        error: try row.optionalText("problem"), worker: try row.optionalText("worker"),
        documentBytes: try row.integer("document_bytes"),
        tokensRead: try row.optionalInteger("tokens_read"),
        orderedAt: try row.double("ordered_at"), claimedAt: try row.optionalDouble("claimed_at"),
        readSeconds: try row.optionalDouble("read_seconds"),
        finishedAt: try row.double("finished_at"))
    }
  }
}
