import Postgres

/// An address that wants to be told of events.
package struct Webhook: Sendable {
  package let id: String
  package let url: String
  /// Names of events; empty for all.
  package let events: [String]
  /// Seconds since 1970.
  package let createdAt: Int

  package static let eventNames = [
    "response.completed", "response.failed", "response.cancelled", "batch.completed",
    "batch.failed", "batch.expired", "batch.cancelled", "job.completed", "job.failed",
    "job.cancelled",
  ]
}

/// A delivery as lists show it.
package struct WebhookDelivery: Sendable {
  package let id: String
  package let type: String
  package let attempts: Int
  package let isDelivered: Bool
  package let error: String?
  package let createdAt: Int
}

extension TenantSession {
  private func webhook(_ row: Row) throws -> Webhook {
    Webhook(
      id: try row.text("id"), url: try row.text("url"), events: try row.list("events"),
      createdAt: try row.integer("created_at"))
  }

  /// - Parameter secret: that deliveries are signed with.
  package func addWebhook(url: String, events: [String], secret: String) throws -> Webhook {
    let sql = """
      insert into docproc.webhook (id, url, events, secret) values ($1, $2, $3, $4)
      returning id, url, events, \(Timestamp.epoch("created_at"))
      """
    let made = try rows(
      sql, [.text(RandomID.make("wh_")), .text(url), .list(events), .text(secret)])
    guard let row = made.first else { throw PostgresError.unexpectedResult("no webhook") }
    return try webhook(row)
  }

  package func webhooks() throws -> [Webhook] {
    let sql = """
      select id, url, events, \(Timestamp.epoch("created_at")) from docproc.webhook
      order by webhook.created_at, id
      """
    return try rows(sql).map(webhook)
  }

  /// - Returns: whether there was one.
  package func dropWebhook(_ id: String) throws -> Bool {
    try !rows("delete from docproc.webhook where id = $1 returning id", [.text(id)]).isEmpty
  }

  /// The newest first.
  package func deliveries(of webhook: String, limit: Int) throws -> [WebhookDelivery] {
    let sql = """
      select id, type, attempts, delivered_at is not null as delivered, error,
        \(Timestamp.epoch("created_at"))
      from docproc.webhook_delivery where webhook_id = $1
      order by webhook_delivery.created_at desc, id limit $2::integer
      """
    return try rows(sql, [.text(webhook), .integer(limit)]).map { row in
      WebhookDelivery(
        id: try row.text("id"), type: try row.text("type"), attempts: try row.integer("attempts"),
        isDelivered: try row.boolean("delivered"), error: try row.optionalText("error"),
        createdAt: try row.integer("created_at"))
    }
  }
}
