import Digests
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import NIOCore

/// Takes files out of requests into the database, piece by piece.
struct FileIntake: Sendable {
  /// Of a piece in the database.
  private static let pieceBytes = 1 << 20

  let pool: DatabasePool
  let limits: ServiceLimits

  /// A form: its fields, and the bytes of its one file, which are in the database.
  struct Form: Sendable {
    var fields: [String: String] = [:]
    var file: Taken?
  }

  struct Taken: Sendable {
    let blob: Int
    let filename: String
    let bytes: Int
    let sha256: String
  }

  /// - Parameter field: the name of the file's field.
  /// - Throws: `APIError`; then nothing of the file stays.
  func form(_ request: Request, file field: String, _ key: APIKey) async throws -> Form {
    let most = try await limits.current().mostFileBytes
    let told = request.headers[.contentLength].flatMap(Int.init) ?? 0
    guard told <= most + (1 << 20) else { throw Self.tooLarge(most) }
    try await limits.checkRoom(for: told, key)
    var reader = try MultipartReader(contentType: request.headers[.contentType])
    var sink = Sink(field: field, most: most, pool: pool, tenant: key.tenant)
    do {
      var pace = Pace()
      for try await part in request.body {
        try pace.take(part.readableBytes)
        for event in try reader.take(part) { try await sink.take(event) }
      }
      try reader.finish()
      return sink.form
    } catch {
      await sink.drop()
      throw error
    }
  }

  /// Bytes that came within JSON.
  func take(_ bytes: [UInt8], filename: String, _ key: APIKey) async throws -> Taken {
    try await limits.checkRoom(for: bytes.count, key)
    let most = try await limits.current().mostFileBytes
    var sink = Sink(field: "file", most: most, pool: pool, tenant: key.tenant)
    try await sink.take(.part(name: "file", filename: filename))
    try await sink.take(.data(ByteBuffer(bytes: bytes)))
    try await sink.take(.partEnd)
    guard let taken = sink.form.file else { throw APIError.internal }
    return taken
  }

  private static func tooLarge(_ most: Int) -> APIError {
    .tooLarge(
      "The file is larger than \(most) bytes. An administrator can raise most_file_bytes.")
  }

  /// Where the parts of a form go.
  private struct Sink {
    let field: String
    let most: Int
    let pool: DatabasePool
    let tenant: String
    var form = Form()
    private var part: Part?

    private struct Part {
      let name: String
      let filename: String?
      var bytes: [UInt8] = []
      var blob: Int?
      var pieces = 0
      var total = 0
      let hash = SHA256()
    }

    init(field: String, most: Int, pool: DatabasePool, tenant: String) {
      self.field = field
      self.most = most
      self.pool = pool
      self.tenant = tenant
    }

    mutating func take(_ event: MultipartReader.Event) async throws {
      switch event {
      case .part(let name, let filename):
        part = Part(name: name, filename: filename)
        if name == field {
          guard form.file == nil else {
            throw APIError.badRequest("There are several files; give one.", param: field)
          }
          part?.blob = try await pool.run(for: tenant) { try $0.beginBlob() }
        }
      case .data(let buffer):
        part?.bytes.append(contentsOf: buffer.readableBytesView)
        part?.total += buffer.readableBytes
        try await store(atLeast: FileIntake.pieceBytes)
      case .partEnd: try await end()
      }
    }

    private mutating func store(atLeast least: Int) async throws {
      guard let current = part, let blob = current.blob else {
        guard part?.bytes.count ?? 0 <= MultipartReader.mostFieldBytes else {
          throw APIError.tooLarge("The field '\(part?.name.prefix(100) ?? "")' is too long.")
        }
        return
      }
      guard current.total <= most else { throw FileIntake.tooLarge(most) }
      guard current.bytes.count >= least, !current.bytes.isEmpty else { return }
      let (piece, number) = (current.bytes, current.pieces)
      part?.bytes = []
      part?.pieces += 1
      piece.withUnsafeBytes { current.hash.update($0) }
      try await pool.run(for: tenant) { try $0.add(piece, number: number, toBlob: blob) }
    }

    private mutating func end() async throws {
      try await store(atLeast: 0)
      guard let current = part else { return }
      if let blob = current.blob {
        form.file = Taken(
          blob: blob, filename: current.filename ?? "file", bytes: current.total,
          sha256: current.hash.finish())
      } else {
        form.fields[current.name] = String(decoding: current.bytes, as: UTF8.self)
      }
      part = nil
    }

    func drop() async {
      for blob in [part?.blob, form.file?.blob].compactMap(\.self) {
        try? await pool.run(for: tenant) { try $0.dropBlob(blob) }
      }
    }
  }
}
