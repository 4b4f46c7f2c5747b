import HTTPTypes
import Hummingbird
import Jobs
import NIOCore

/// OpenAI's Files API.
struct FileRoutes: Sendable {
  static let purposes = [
    "assistants", "batch", "user_data", "vision", "evals", "fine-tune",
  ]
  private static let expiryLimits = 3600...2_592_000

  let pool: DatabasePool
  let intake: FileIntake
  let documents: FileDocuments

  func add(to routes: some RouterMethods<ServiceContext>) {
    routes.post("files") { request, context in try await create(request, context) }
    routes.get("files") { request, context in try await list(request, context) }
    routes.get("files/{id}") { _, context in try await show(context) }
    routes.delete("files/{id}") { _, context in try await delete(context) }
    routes.get("files/{id}/content") { _, context in try await content(context) }
  }

  static func json(_ file: StoredFile) -> JSON {
    [
      "id": .string(file.id), "object": "file", "bytes": .integer(file.bytes),
      "created_at": .integer(file.createdAt), "expires_at": JSON(file.expiresAt),
      "filename": .string(file.filename), "purpose": .string(file.purpose),
      "status": .string(file.status.rawValue), "status_details": JSON(file.error),
    ]
  }

  /// - Throws: `APIError` for a purpose that there is none of.
  static func purpose(_ given: String?) throws -> String {
    guard let given else {
      throw APIError.badRequest("'purpose' is required.", param: "purpose")
    }
    guard purposes.contains(given) else {
      throw APIError.badRequest(
        "'\(given.prefix(100))' is not one of \(purposes.joined(separator: ", ")).",
        param: "purpose")
    }
    return given
  }

  /// A name without the folders that a client may have put before it.
  static func filename(_ given: String) throws -> String {
    let name = given.split(separator: "/").last.map(String.init) ?? ""
    let isPlain = name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    guard !name.isEmpty, name != "..", name != ".", isPlain, name.utf8.count <= 500 else {
      throw APIError.badRequest(
        "The filename is empty, longer than 500 bytes, or has control characters.",
        param: "filename")
    }
    return name
  }

  /// - Parameters:
  ///   - anchor: nil where it is not said.
  /// - Returns: seconds; nil for never.
  static func expiry(anchor: String?, seconds: Int?, isGiven: Bool) throws -> Int? {
    guard isGiven else { return nil }
    guard anchor == "created_at", let seconds, expiryLimits.contains(seconds) else {
      throw APIError.badRequest(
        "'expires_after' needs the anchor 'created_at', and from \(expiryLimits.lowerBound) to "
          + "\(expiryLimits.upperBound) seconds.", param: "expires_after")
    }
    return seconds
  }

  private func create(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let form = try await intake.form(request, file: "file", key)
    guard let taken = form.file else {
      throw APIError.badRequest("'file' is required.", param: "file")
    }
    let given = form.fields
    do {
      let file = try await store(
        [taken.blob], filename: taken.filename, purpose: given["purpose"], bytes: taken.bytes,
        sha256: taken.sha256,
        expiry: try Self.expiry(
          anchor: given["expires_after[anchor]"],
          seconds: given["expires_after[seconds]"].flatMap(Int.init),
          isGiven: given.keys.contains { $0.hasPrefix("expires_after") }), key)
      return .json(Self.json(file))
    } catch {
      try? await pool.run(for: key.tenant) { try $0.dropBlob(taken.blob) }
      throw error
    }
  }

  /// Makes a file of blobs, and begins to take its text out.
  /// - Parameters:
  ///   - known: a file that was made of them before, looked for in the same transaction.
  ///   - then: what is done in that transaction too.
  func store(
    _ blobs: [Int], filename: String, purpose: String?, bytes: Int, sha256: String, expiry: Int?,
    _ key: APIKey,
    known: @escaping @Sendable (TenantSession) throws -> StoredFile? = { _ in nil },
    then: @escaping @Sendable (TenantSession, StoredFile) throws -> Void = { _, _ in }
  ) async throws -> StoredFile {
    let purpose = try Self.purpose(purpose)
    let name = try Self.filename(filename)
    guard bytes > 0 else { throw APIError.badRequest("The file is empty.", param: "file") }
    let isDocument = ["user_data", "assistants"].contains(purpose)
    let file = try await pool.run(for: key.tenant) { session in
      if let before = try known(session) { return before }
      let made = try session.addFile(
        blobs: blobs, filename: name, purpose: purpose, bytes: bytes, sha256: sha256,
        status: isDocument ? .uploaded : .processed, expiresAfter: expiry)
      try then(session, made)
      return made
    }
    if isDocument {
      // Who asks about it first would do it too: nothing is lost where this process ends.
      Task { [documents] in _ = try? await documents.document(ofFile: file.id, key.tenant) }
    }
    return file
  }

  private func list(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let limit = try request.number("limit", 1...10_000, default: 10_000)
    let order = request.query("order") ?? "desc"
    guard ["asc", "desc"].contains(order) else {
      throw APIError.badRequest("'order' must be 'asc' or 'desc'.", param: "order")
    }
    let (after, purpose) = (request.query("after"), request.query("purpose"))
    let files = try await pool.run(for: key.tenant) { session in
      try session.files(
        limit: limit + 1, after: after, purpose: purpose, ascending: order == "asc")
    }
    return .json(Page.json(files.map(Self.json), limit: limit))
  }

  private func file(_ context: ServiceContext) async throws -> StoredFile {
    let key = try context.caller()
    let id = context.path("id")
    guard let file = try await pool.run(for: key.tenant, asksOnce: true, { try $0.file(id) }) else {
      throw APIError.notFound("file", id)
    }
    return file
  }

  private func show(_ context: ServiceContext) async throws -> Response {
    .json(Self.json(try await file(context)))
  }

  private func delete(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = context.path("id")
    guard try await pool.run(for: key.tenant, { try $0.dropFile(id) }) else {
      throw APIError.notFound("file", id)
    }
    return .json(["id": .string(id), "object": "file", "deleted": true])
  }

  private func content(_ context: ServiceContext) async throws -> Response {
    let tenant = try context.caller().tenant
    let file = try await file(context)
    let places = try await pool.run(for: tenant) { try $0.pieces(of: file.id) }
    var response = Response(
      status: .ok,
      headers: [
        .contentType: "application/octet-stream",
        // It is a stranger's: no browser shall show it as a page of ours.
        .contentDisposition: "attachment",
      ],
      body: .init(contentLength: file.bytes) { [pool] writer in
        for place in places {
          let piece = try await pool.run(for: tenant) { try $0.piece(place) }
          guard let piece else { throw APIError.notFound("file", file.id) }
          try await writer.write(ByteBuffer(bytes: piece))
        }
        try await writer.finish(nil)
      })
    response.headers[.contentLength] = "\(file.bytes)"
    return response
  }
}
