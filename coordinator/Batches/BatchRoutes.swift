import Foundation
import Hummingbird
import Jobs

/// OpenAI's Batch API.
struct BatchRoutes: Sendable {
  static let chatEndpoint = "/v1/chat/completions"
  static let endpoints = [chatEndpoint, "/v1/responses"]
  private static let mostBody = 1 << 20

  let pool: DatabasePool

  func add(to routes: some RouterMethods<ServiceContext>) {
    routes.post("batches") { request, context in try await create(request, context) }
    routes.get("batches") { request, context in try await list(request, context) }
    routes.get("batches/{id}") { _, context in try await show(context) }
    routes.post("batches/{id}/cancel") { _, context in try await cancel(context) }
  }

  static func json(_ batch: Batch) -> JSON {
    let errors = batch.errors.flatMap { try? JSON.parsed(Data($0.utf8)) }
    var members: [String: JSON] = [
      "id": .string(batch.id), "object": "batch", "endpoint": .string(batch.endpoint),
      "input_file_id": .string(batch.inputFile), "model": JSON(batch.model),
      "completion_window": .string(batch.completionWindow), "status": .string(batch.status),
      "output_file_id": JSON(batch.outputFile), "error_file_id": JSON(batch.errorFile),
      "errors": errors.map { ["object": "list", "data": $0] } ?? .null,
      "request_counts": [
        "total": .integer(batch.total), "completed": .integer(batch.completed),
        "failed": .integer(batch.failed),
      ],
      "metadata": batch.metadata.flatMap { try? JSON.parsed(Data($0.utf8)) } ?? .null,
    ]
    for name in Batch.timeNames { members[name] = JSON(batch.times[name]) }
    return .object(members)
  }

  private func create(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let body = try await request.json(most: Self.mostBody)
    try Check.known(
      body,
      [
        "input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after",
      ])
    guard let file = try Check.string(body["input_file_id"], "input_file_id") else {
      throw APIError.badRequest("'input_file_id' is required.", param: "input_file_id")
    }
    guard let endpoint = body["endpoint"].string, Self.endpoints.contains(endpoint) else {
      throw APIError.badRequest(
        "'endpoint' must be one of \(Self.endpoints.joined(separator: ", ")).", param: "endpoint")
    }
    guard let window = body["completion_window"].string, let seconds = Self.seconds(window) else {
      throw APIError.badRequest(
        "'completion_window' must be a number of hours or days such as '24h' or '7d'.",
        param: "completion_window")
    }
    let metadata = body["metadata"].isNull ? nil : try Check.metadata(body["metadata"]).text
    let after = body["output_expires_after"]
    let expiry = try FileRoutes.expiry(
      anchor: after["anchor"].string, seconds: after["seconds"].integer, isGiven: !after.isNull)
    let batch = try await pool.run(for: key.tenant) { session in
      guard let input = try session.file(file) else { throw APIError.notFound("file", file) }
      guard input.purpose == "batch" else {
        throw APIError.badRequest(
          "The file '\(file)' has the purpose '\(input.purpose)'; upload it with 'batch'.",
          param: "input_file_id")
      }
      let id = try session.addBatch(
        endpoint: endpoint, inputFile: file, completionWindow: window, seconds: seconds,
        metadata: metadata, outputExpiresAfter: expiry)
      return try session.batch(id)
    }
    guard let batch else { throw APIError.internal }
    return .json(Self.json(batch))
  }

  /// `24h` as OpenAI has it; here a batch may have up to a year.
  static func seconds(_ window: String) -> Int? {
    guard let unit = window.last, let number = Int(window.dropLast()), number > 0 else {
      return nil
    }
    switch unit {
    case "h" where number <= 8784: return number * 3600
    case "d" where number <= 366: return number * 86_400
    default: return nil
    }
  }

  private func list(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let limit = try request.number("limit", 1...100, default: 20)
    let after = request.query("after")
    let batches = try await pool.run(for: key.tenant) { session in
      try session.batches(limit: limit + 1, after: after)
    }
    return .json(Page.json(batches.map(Self.json), limit: limit))
  }

  private func show(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = context.path("id")
    guard let batch = try await pool.run(for: key.tenant, { try $0.batch(id) }) else {
      throw APIError.notFound("batch", id)
    }
    return .json(Self.json(batch))
  }

  private func cancel(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = context.path("id")
    let batch = try await pool.run(for: key.tenant) { session in
      guard try session.cancel(batch: id) else { throw APIError.notFound("batch", id) }
      return try session.batch(id)
    }
    guard let batch else { throw APIError.notFound("batch", id) }
    return .json(Self.json(batch))
  }
}
