import Digests
import Foundation
import HTTPTypes
import Hummingbird
import Jobs

/// OpenAI's Uploads API: a file in parts, in any order, with any of them sent again.
struct UploadRoutes: Sendable {
  private static let seconds = 3600
  private static let mostBody = 1 << 20
  private static let mostParts = 10_000

  let pool: DatabasePool
  let files: FileRoutes
  let limits: ServiceLimits

  func add(to routes: some RouterMethods<ServiceContext>) {
    routes.post("uploads") { request, context in try await create(request, context) }
    routes.get("uploads/{id}") { _, context in try await show(context) }
    routes.post("uploads/{id}/parts") { request, context in try await addPart(request, context) }
    routes.post("uploads/{id}/complete") { request, context in
      try await complete(request, context)
    }
    routes.post("uploads/{id}/cancel") { _, context in try await cancel(context) }
  }

  private static func json(_ upload: Upload, file: StoredFile? = nil) -> JSON {
    [
      "id": .string(upload.id), "object": "upload", "bytes": .integer(upload.bytes),
      "created_at": .integer(upload.createdAt), "expires_at": .integer(upload.expiresAt),
      "filename": .string(upload.filename), "purpose": .string(upload.purpose),
      "status": .string(upload.status), "file": file.map(FileRoutes.json) ?? .null,
    ]
  }

  private func create(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let body = try await request.json(most: Self.mostBody)
    guard let bytes = body["bytes"].integer, bytes > 0 else {
      throw APIError.badRequest("'bytes' must be a whole number above 0.", param: "bytes")
    }
    let most = try await limits.current().mostFileBytes
    guard bytes <= most else {
      throw APIError.tooLarge("'bytes' is \(bytes); the limit is \(most).")
    }
    try await limits.checkRoom(for: bytes, key)
    guard let given = body["filename"].string, let type = body["mime_type"].string else {
      throw APIError.badRequest("'filename' and 'mime_type' are required.", param: "filename")
    }
    let name = try FileRoutes.filename(given)
    let purpose = try FileRoutes.purpose(body["purpose"].string)
    let after = body["expires_after"]
    let expiry = try FileRoutes.expiry(
      anchor: after["anchor"].string, seconds: after["seconds"].integer, isGiven: !after.isNull)
    let upload = try await pool.run(for: key.tenant) { session in
      try session.beginUpload(
        filename: name, purpose: purpose, mimeType: String(type.prefix(200)), bytes: bytes,
        fileExpiresAfter: expiry, seconds: Self.seconds)
    }
    return .json(Self.json(upload))
  }

  private func show(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = context.path("id")
    let found = try await pool.run(for: key.tenant) { session in
      let upload = try session.upload(id)
      return (upload: upload, file: try upload?.file.flatMap { try session.file($0) })
    }
    guard let upload = found.upload else { throw APIError.notFound("upload", id) }
    return .json(Self.json(upload, file: found.file))
  }

  /// - Throws: `APIError` where there is none, or it takes nothing more.
  private static func pending(_ id: String, _ session: TenantSession) throws -> Upload {
    guard let upload = try session.upload(id, locked: true) else {
      throw APIError.notFound("upload", id)
    }
    guard upload.status == "pending" else {
      throw APIError.badRequest("The upload '\(id)' is \(upload.status).", code: "upload_ended")
    }
    return upload
  }

  private func addPart(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = context.path("id")
    _ = try await pool.run(for: key.tenant) { try Self.pending(id, $0) }
    let form = try await files.intake.form(request, file: "data", key)
    guard let data = form.file, data.bytes > 0 else {
      throw APIError.badRequest("'data' is required, and not empty.", param: "data")
    }
    do {
      let part = try await pool.run(for: key.tenant) { session in
        let upload = try Self.pending(id, session)
        let parts = try session.parts(of: id)
        let total = parts.reduce(data.bytes) { $0 + $1.bytes }
        // Parts that were sent twice count until the upload is complete.
        guard total <= 2 * upload.bytes, parts.count < Self.mostParts else {
          throw APIError.tooLarge(
            "The parts have \(total) bytes; the upload was announced with \(upload.bytes).")
        }
        return try session.addPart(of: id, blob: data.blob, bytes: data.bytes)
      }
      return .json([
        "id": .string(part.id), "object": "upload.part", "created_at": .integer(part.createdAt),
        "upload_id": .string(id),
      ])
    } catch {
      try? await pool.run(for: key.tenant) { try $0.dropBlob(data.blob) }
      throw error
    }
  }

  private func complete(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = context.path("id")
    let body = try await request.json(most: Self.mostBody)
    guard let wanted = body["part_ids"].array?.map(\.string), !wanted.contains(nil) else {
      throw APIError.badRequest("'part_ids' must be a list of ids.", param: "part_ids")
    }
    let found = try await pool.run(for: key.tenant) { session in
      guard let upload = try session.upload(id) else { throw APIError.notFound("upload", id) }
      // Said again, it is the same file.
      if let file = try upload.file.flatMap({ try session.file($0) }) {
        return (upload, file as StoredFile?, [UploadPart]())
      }
      _ = try Self.pending(id, session)
      return (upload, nil, try Self.chosen(wanted, try session.parts(of: id), upload))
    }
    let (upload, made, parts) = found
    if let made { return .json(Self.json(upload, file: made)) }
    let sums = try await digests(of: parts, key.tenant)
    if let md5 = body["md5"].string, md5.lowercased() != sums.md5 {
      throw APIError.badRequest("The MD5 of the parts is \(sums.md5).", param: "md5")
    }
    // Who completes it at the same moment gets the same file.
    let file = try await files.store(
      parts.map(\.blob), filename: upload.filename, purpose: upload.purpose, bytes: upload.bytes,
      sha256: sums.sha256, expiry: upload.fileExpiresAfter, key,
      known: { session in
        guard let now = try session.upload(id, locked: true) else {
          throw APIError.notFound("upload", id)
        }
        if let made = now.file { return try session.file(made) }
        _ = try Self.pending(id, session)
        return nil
      },
      then: { try $0.end(upload: id, as: "completed", file: $1.id) })
    let ended = try await pool.run(for: key.tenant, asksOnce: true) { try $0.upload(id) }
    return .json(Self.json(ended ?? upload, file: file))
  }

  private static func chosen(
    _ wanted: [String?], _ parts: [UploadPart], _ upload: Upload
  ) throws -> [UploadPart] {
    let known = Dictionary(parts.map { ($0.id, $0) }) { $1 }
    guard Set(wanted).count == wanted.count else {
      throw APIError.badRequest("'part_ids' names a part twice.", param: "part_ids")
    }
    let chosen = try wanted.map { id in
      guard let part = id.flatMap({ known[$0] }) else {
        throw APIError.badRequest("There is no part '\(id ?? "")'.", param: "part_ids")
      }
      return part
    }
    let total = chosen.reduce(0) { $0 + $1.bytes }
    guard total == upload.bytes else {
      throw APIError.badRequest(
        "The parts have \(total) bytes, but \(upload.bytes) were announced.", param: "part_ids")
    }
    return chosen
  }

  private func digests(
    of parts: [UploadPart], _ tenant: String
  ) async throws -> (sha256: String, md5: String) {
    let sums = Sums()
    for part in parts {
      var number = 0
      while true {
        let place = (blob: part.blob, number: number)
        guard let piece = try await pool.run(for: tenant, { try $0.piece(place) }) else { break }
        sums.add(piece)
        number += 1
      }
    }
    return (sums.sha256.finish(), sums.md5.finish())
  }

  /// One after another, by one task.
  private struct Sums: @unchecked Sendable {
    let sha256 = SHA256()
    let md5 = MD5()

    func add(_ bytes: [UInt8]) {
      bytes.withUnsafeBytes {
        sha256.update($0)
        md5.update($0)
      }
    }
  }

  private func cancel(_ context: ServiceContext) async throws -> Response {
    let key = try context.caller()
    let id = context.path("id")
    let ended = try await pool.run(for: key.tenant) { session in
      _ = try Self.pending(id, session)
      try session.end(upload: id, as: "cancelled", file: nil)
      return try session.upload(id)
    }
    guard let ended else { throw APIError.notFound("upload", id) }
    return .json(Self.json(ended))
  }
}
