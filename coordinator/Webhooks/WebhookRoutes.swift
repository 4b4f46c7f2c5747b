import HTTPTypes
import Hummingbird
import Jobs

/// Addresses that are told of events.
struct WebhookRoutes: Sendable {
  private static let mostBody = 1 << 16
  private static let most = 20

  let pool: DatabasePool
  let allowsPrivate: Bool

  func add(to routes: some RouterMethods<ServiceContext>) {
    routes.post("webhooks") { request, context in try await create(request, context) }
    routes.get("webhooks") { _, context in try await list(context) }
    routes.delete("webhooks/{id}") { _, context in try await delete(context) }
    routes.get("webhooks/{id}/deliveries") { _, context in try await deliveries(context) }
  }

  private static func json(_ webhook: Webhook) -> JSON {
    [
      "id": .string(webhook.id), "object": "webhook", "url": .string(webhook.url),
      "events": .array(webhook.events.map(JSON.string)), "created_at": .integer(webhook.createdAt),
    ]
  }

  private func create(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let body = try await request.json(most: Self.mostBody)
    try Check.known(body, ["url", "events"])
    guard let url = try Check.string(body["url"], "url") else {
      throw APIError.badRequest("'url' is required.", param: "url")
    }
    do {
      _ = try WebhookAddress(try Check.text(url, "url"), allowsPrivate: allowsPrivate)
    } catch let error as WebhookAddress.Refused {
      throw APIError.badRequest("The webhook is refused: \(error).", param: "url")
    }
    let events = body["events"].array?.compactMap(\.string) ?? []
    guard body["events"].isNull || events.count == body["events"].array?.count,
      Set(events).isSubset(of: Webhook.eventNames)
    else {
      throw Check.wrong("events", "a list of " + Webhook.eventNames.joined(separator: ", "))
    }
    let secret = WebhookSignature.newSecret()
    let made = try await pool.run(for: key.tenant) { session in
      guard try session.webhooks().count < Self.most else {
        throw APIError.badRequest("There are \(Self.most) webhooks already; delete one.")
      }
      return try session.addWebhook(url: url, events: events, secret: secret)
    }
    var members = Self.json(made).object ?? [:]
    // It is told this once.
    members["secret"] = .string(secret)
    return .json(.object(members), status: .created)
  }

  private func list(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let all = try await pool.run(for: key.tenant) { try $0.webhooks() }
    return .json(Page.json(all.map(Self.json), limit: Self.most))
  }

  private func delete(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = context.path("id")
    guard try await pool.run(for: key.tenant, { try $0.dropWebhook(id) }) else {
      throw APIError.notFound("webhook", id)
    }
    return .json(["id": .string(id), "object": "webhook", "deleted": true])
  }

  private func deliveries(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = context.path("id")
    let found = try await pool.run(for: key.tenant) { session in
      guard try session.webhooks().contains(where: { $0.id == id }) else {
        throw APIError.notFound("webhook", id)
      }
      return try session.deliveries(of: id, limit: 100)
    }
    let rows: [JSON] = found.map { delivery in
      [
        "id": .string(delivery.id), "object": "webhook.delivery", "type": .string(delivery.type),
        "attempts": .integer(delivery.attempts), "delivered": .bool(delivery.isDelivered),
        "error": JSON(delivery.error), "created_at": .integer(delivery.createdAt),
      ]
    }
    return .json(Page.json(rows, limit: 100))
  }
}
