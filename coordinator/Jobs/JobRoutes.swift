import Documents
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import NIOCore
import Rendering

/// docproc's own API: jobs as the command line has them.
struct JobRoutes: Sendable {
  private static let mostBody = 64 << 20
  private static let pingSeconds = 15.0
  private static let steps = ["cancel", "pause", "resume", "retry"]

  let pool: DatabasePool
  let orders: JobOrders
  let watch: JobWatch

  func add(to routes: some RouterMethods<ServiceContext>) {
    routes.post("jobs") { request, context in try await create(request, context) }
    routes.get("jobs") { request, context in try await list(request, context) }
    routes.get("jobs/{id}") { _, context in try await show(context) }
    routes.delete("jobs/{id}") { _, context in try await delete(context) }
    routes.get("jobs/{id}/result") { request, context in try await result(request, context) }
    routes.get("jobs/{id}/document") { _, context in try await document(context) }
    routes.get("jobs/{id}/events") { _, context in try await events(context) }
    routes.post("jobs/{id}/priority") { request, context in
      try await prioritize(request, context)
    }
    for step in Self.steps {
      routes.post("jobs/{id}/\(RouterPath(step))") { _, context in try await steer(step, context) }
    }
  }

  /// - Throws: `APIError` where the path names no job.
  static func id(_ context: ServiceContext) throws -> Int {
    let text = context.path("id")
    guard let id = Int(text), id > 0 else {
      throw APIError.notFound("job", String(text.prefix(50)))
    }
    return id
  }

  private func create(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let body = try await request.asked(most: Self.mostBody)
    let status = try await orders.order(
      body, key: request.header("idempotency-key"), traceparent: context.traceparent, key)
    var response = try Response.json(encoding: status)
    response.status = .created
    return response
  }

  private func list(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let limit = try request.number("limit", 1...500, default: 50)
    let after = try request.query("after").map { text in
      guard let number = Int(text), number > 0 else {
        throw APIError.badRequest("'after' must be a job's number.", param: "after")
      }
      return number
    }
    let states = try Self.states(request.query("state"))
    let jobs = try await pool.run(for: key.tenant) { session in
      try session.submitter.list(limit: limit + 1, states: states, before: after)
    }
    return .json(Page.json(try jobs.map { try JSON(encoding: $0) }, limit: limit))
  }

  /// - Throws: `APIError` for a state that there is none of.
  static func states(_ given: String?) throws -> [JobState] {
    guard let given, !given.isEmpty else { return [] }
    return try given.split(separator: ",").map { name in
      guard let state = JobState(rawValue: String(name)) else {
        throw APIError.badRequest(
          "'state' takes \(JobState.allCases.map(\.rawValue).joined(separator: ", ")).",
          param: "state")
      }
      return state
    }
  }

  private func show(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = try Self.id(context)
    return try .json(
      encoding: try await pool.run(for: key.tenant, asksOnce: true) { try $0.submitter.status(id) })
  }

  private func steer(_ step: String, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = try Self.id(context)
    let status = try await pool.run(for: key.tenant) { session in
      try Self.steer(step, id, session)
      return try session.submitter.status(id)
    }
    return try .json(encoding: status)
  }

  /// - Parameter step: one of `steps`.
  static func steer(_ step: String, _ id: Int, _ session: TenantSession) throws {
    switch step {
    case "cancel": _ = try session.operator.cancel(id)
    case "pause": _ = try session.operator.pause(id)
    case "resume": _ = try session.operator.resume(id)
    case "retry": _ = try session.operator.retry(id)
    default: throw APIError.notFound("step", step)
    }
  }

  private func prioritize(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = try Self.id(context)
    let body = try await request.json(most: 1 << 16)
    let limits = Int(Int32.min)...Int(Int32.max)
    guard let priority = try Check.integer(body["priority"], limits, "priority") else {
      throw APIError.badRequest("'priority' is required.", param: "priority")
    }
    let status = try await pool.run(for: key.tenant) { session in
      _ = try session.operator.prioritize(id, priority)
      return try session.submitter.status(id)
    }
    return try .json(encoding: status)
  }

  private func delete(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = try Self.id(context)
    _ = try await pool.run(for: key.tenant) { try $0.operator.remove(id) }
    return .json(["id": .integer(id), "object": "job", "deleted": true])
  }

  // MARK: What came of it

  private func result(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = try Self.id(context)
    let format = request.query("format") ?? "json"
    let known = ["json", "text", "markdown", "html"]
    guard known.contains(format) else {
      throw APIError.badRequest("'format' takes \(known.joined(separator: ", ")).", param: "format")
    }
    return try await pool.run(for: key.tenant) { session in
      let status = try session.submitter.status(id)
      let record = try session.submitter.result(id)
      switch format {
      case "text": return Self.text(PlainResult.text(record), "text/plain")
      case "markdown": return Self.text(MarkdownResult(record).text, "text/markdown")
      case "html":
        let document = try session.submitter.documentText(id)
        var response = Self.text(HTMLResult(record, document: document).text, "text/html")
        // Words of a document could look like a page of ours: it may do nothing.
        response.headers[.contentSecurityPolicy] =
          "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return response
      default: return try .json(encoding: ResultOutput(status, record))
      }
    }
  }

  private static func text(_ text: String, _ type: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: "\(type); charset=utf-8"],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  /// Piece by piece: a document may be larger than what fits into memory many times.
  private func document(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = try Self.id(context)
    let pool = pool
    @Sendable func piece(_ number: Int) async throws -> Submitter.DocumentPiece {
      guard
        let found = try await pool.run(
          for: key.tenant, { try $0.submitter.documentPiece(number, ofJob: id) })
      else { throw APIError.notFound("job", "\(id)") }
      return found
    }
    let first = try await piece(0)
    return Response(
      status: .ok,
      headers: [
        .contentType: "text/plain; charset=utf-8", .contentLength: "\(first.documentBytes)",
      ],
      body: .init(contentLength: first.documentBytes) { writer in
        try await writer.write(ByteBuffer(string: first.text))
        for number in 1..<max(first.count, 1) {
          try await writer.write(ByteBuffer(string: try await piece(number).text))
        }
        try await writer.finish(nil)
      })
  }

  /// A job's states as they change, until it has ended; who comes again gets the newest first.
  private func events(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = try Self.id(context)
    _ = try await pool.run(for: key.tenant) { try $0.submitter.status(id) }
    return ServerSentEvents.response { [watch] events in
      try await Self.follow(id, key.tenant, watch, &events)
    }
  }

  static func follow(
    _ id: Int, _ tenant: String, _ watch: JobWatch, _ events: inout ServerSentEvents
  ) async throws {
    var said = ContinuousClock.now
    for await change in await watch.followWithTicks(id, tenant) {
      switch change {
      case .some(.status(let seen)):
        try await events.send(seen.text, name: seen.status.isFinal ? "end" : "status")
        said = .now
        if seen.status.isFinal { return }
      case .some(.removed): return try await events.send(JSON.object([:]), name: "removed")
      case .some(.closing): return
      case nil:
        if (ContinuousClock.now - said) / .seconds(1) >= pingSeconds {
          try await events.ping()
          said = .now
        }
      }
    }
  }
}
