import Digests
import HTTPTypes
import Hummingbird
import Jobs

/// OpenAI's Chat Completions and Responses APIs, and the list of models.
struct AnswerRoutes: Sendable {
  /// Of a request with files in it, in base64.
  private static let mostBody = 96 << 20

  let pool: DatabasePool
  let orders: AnswerOrders
  let watch: JobWatch
  let limits: ServiceLimits

  private var stream: AnswerStream { AnswerStream(pool: pool, watch: watch) }

  func add(to routes: some RouterMethods<ServiceContext>) {
    routes.post("chat/completions") { request, context in try await chat(request, context) }
    routes.post("responses") { request, context in try await respond(request, context) }
    routes.get("responses/{id}") { request, context in try await show(request, context) }
    routes.post("responses/{id}/cancel") { _, context in try await cancel(context) }
    routes.delete("responses/{id}") { _, context in try await delete(context) }
    routes.get("models") { _, _ in try await models() }
    routes.get("models/**") { _, context in
      try await model(context.parameters.getCatchAll().joined(separator: "/"))
    }
  }

  // MARK: Models

  private static func json(_ model: KnownModel) -> JSON {
    [
      "id": .string(model.name), "object": "model", "created": .integer(model.createdAt),
      "owned_by": "docproc",
    ]
  }

  private func models() async throws -> Response {
    let models = try await limits.current().models
    return .json(["object": "list", "data": .array(models.map(Self.json))])
  }

  private func model(_ name: String) async throws -> Response {
    guard let model = try await limits.current().models.first(where: { $0.name == name }) else {
      throw APIError(
        .notFound, "There is no model '\(name)'.", param: "model", code: "model_not_found")
    }
    return .json(Self.json(model))
  }

  // MARK: Chat

  private func chat(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let body = try await request.asked(most: Self.mostBody)
    let asked = try await AskedShape.queue.run { try AskedParsing.chat(body) }
    let ordered = try await orders.order(
      asked, prefix: "chatcmpl-", traceparent: context.traceparent, key)
    if asked.stream {
      let view = try await view(ordered.response, key.tenant)
      return streamed(view, key.tenant, includesUsage: asked.includesUsage)
    }
    _ = try await watch.end(of: ordered.job, key.tenant)
    return .json(try ChatObject.completion(try await view(ordered.response, key.tenant)))
  }

  private func view(_ id: String, _ tenant: String) async throws -> AnswerView {
    try await pool.run(for: tenant) { try AnswerView.load(id, $0) }
  }

  private func streamed(
    _ view: AnswerView, _ tenant: String, includesUsage: Bool
  ) -> Response {
    ServerSentEvents.response { [stream] events in
      let begin: JSON = ["role": "assistant", "content": ""]
      try await events.send(ChatObject.chunk(view, delta: begin))
      var sent = 0
      func send(_ text: String, _ events: inout ServerSentEvents) async throws {
        let scalars = text.unicodeScalars
        guard scalars.count > sent else { return }
        let new = String(String.UnicodeScalarView(scalars.dropFirst(sent)))
        sent = scalars.count
        try await events.send(ChatObject.chunk(view, delta: ["content": .string(new)]))
      }
      try await stream.follow(view, tenant, &events) { step, events in
        switch step {
        case .text(let text): try await send(text, &events)
        case .closing:
          let error = APIError(
            .serviceUnavailable, "The service restarts; send the same request again.",
            type: "server_error", code: "restarting")
          try await events.send(error.json)
        case .ended(let ended):
          do {
            try ChatObject.check(ended)
          } catch let error as APIError {
            return try await events.send(error.json)
          }
          try await send(ended.text, &events)
          if !ended.calls.isEmpty {
            try await events.send(ChatObject.chunk(ended, delta: ChatObject.calls(ended)))
          }
          try await events.send(
            ChatObject.chunk(ended, delta: .object([:]), finish: ChatObject.finish(ended)))
          if includesUsage { try await events.send(ChatObject.figures(ended)) }
          try await events.send("[DONE]")
        }
      }
    }
  }

  // MARK: Responses

  private func respond(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let body = try await request.asked(most: Self.mostBody)
    let asked = try await AskedShape.queue.run { try AskedParsing.response(body) }
    let id = try await idempotent(request, body.json, key.tenant) { name in
      try await orders.order(
        asked, prefix: "resp_", traceparent: context.traceparent, key
      ) { ordered, session in
        guard let name else { return }
        try session.settle(idempotencyKey: name, answer: ordered.response)
      }.response
    }
    let view = try await view(id, key.tenant)
    if asked.stream { return streamed(view, key.tenant, after: -1) }
    if asked.background { return .json(ResponseObject.json(view)) }
    _ = try await watch.end(of: view.status.id, key.tenant)
    return .json(ResponseObject.json(try await self.view(id, key.tenant)))
  }

  /// A request that names itself is answered once, however often it comes
  /// (draft-ietf-httpapi-idempotency-key-header).
  private func idempotent(
    _ request: Request, _ body: JSON, _ tenant: String,
    _ order: (_ idempotencyKey: String?) async throws -> String
  ) async throws -> String {
    guard let name = request.header("idempotency-key") else {
      return try await order(nil)
    }
    guard (1...255).contains(name.utf8.count) else {
      throw APIError.badRequest("The Idempotency-Key is longer than 255 bytes.")
    }
    let digest = SHA256.hex(of: body.text)
    let known = try await pool.run(for: tenant) {
      try $0.claim(idempotencyKey: name, requestSHA256: digest)
    }
    switch known {
    case .answered(let id): return id
    case .differs:
      throw APIError(
        .unprocessableContent, "The Idempotency-Key came before with another request.",
        code: "idempotency_key_reused")
    case .atWork:
      throw APIError(
        .conflict, "The first request with this Idempotency-Key is still at work.",
        code: "conflict", retryAfter: 1)
    case .new: break
    }
    do {
      return try await order(name)
    } catch {
      try? await pool.run(for: tenant) { try $0.settle(idempotencyKey: name, answer: nil) }
      throw error
    }
  }

  private func streamed(_ view: AnswerView, _ tenant: String, after: Int) -> Response {
    ServerSentEvents.response { [stream] events in
      var made = ResponseEvents(after: after)
      func send(_ all: [ResponseEvents.Event], _ events: inout ServerSentEvents) async throws {
        for (name, data) in all { try await events.send(data, name: name) }
      }
      try await send(made.going(view, ""), &events)
      try await stream.follow(view, tenant, &events) { step, events in
        switch step {
        case .text(let text): try await send(made.going(view, text), &events)
        case .ended(let ended): try await send(made.end(ended), &events)
        // Who follows comes again, with the number of the last event.
        case .closing: return
        }
      }
    }
  }

  private func show(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let view = try await view(Self.id(context), key.tenant)
    guard request.query("stream") == "true" else { return .json(ResponseObject.json(view)) }
    let after = try request.number("starting_after", 0...Int(Int32.max), default: -1)
    return streamed(view, key.tenant, after: after)
  }

  /// Completions of chats cannot be asked for later, as OpenAI's cannot.
  private static func id(_ context: ServiceContext) throws -> String {
    let id = context.path("id")
    guard id.hasPrefix("resp_") else { throw APIError.notFound("response", id) }
    return id
  }

  private func cancel(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = try Self.id(context)
    let view = try await pool.run(for: key.tenant) { session in
      _ = try session.cancel(response: id)
      return try AnswerView.load(id, session)
    }
    return .json(ResponseObject.json(view))
  }

  private func delete(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = try Self.id(context)
    let isGone = try await pool.run(for: key.tenant) { session in
      _ = try session.cancel(response: id)
      return try session.drop(response: id)
    }
    guard isGone else { throw APIError.notFound("response", id) }
    return .json(["id": .string(id), "object": "response", "deleted": true])
  }
}
