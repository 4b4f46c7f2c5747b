import Documents
import Foundation
import Host
import Jobs

/// Documents of files: their text is taken out once, by a program in a sandbox.
struct FileDocuments: Sendable {
  let pool: DatabasePool
  let extraction: BlockingQueue

  /// The document of a file, made of it now where that was not done before.
  /// - Throws: `APIError` where there is no such file, or no text in it.
  func document(ofFile id: String, _ tenant: String) async throws -> FileDocument {
    let known = try await pool.run(for: tenant) { session in
      (file: try session.file(id), document: try session.document(ofFile: id))
    }
    guard let file = known.file else { throw APIError.notFound("file", id) }
    if let document = known.document { return document }
    if let reason = file.error { throw Self.unreadable(id, reason) }
    guard file.purpose != "batch" else {
      throw APIError.badRequest(
        "The file '\(id)' has the purpose 'batch'; upload documents with 'user_data'.",
        code: "wrong_purpose")
    }
    try await extract(file, tenant)
    guard let made = try await pool.run(for: tenant, { try $0.document(ofFile: id) }) else {
      throw APIError.notFound("file", id)
    }
    return made
  }

  private static func unreadable(_ id: String, _ reason: String) -> APIError {
    .badRequest("The file '\(id)' cannot be read: \(reason)", code: "unreadable_document")
  }

  /// Two coordinators at once do the work twice, and the first's is taken.
  private func extract(_ file: StoredFile, _ tenant: String) async throws {
    let bytes = try await copy(of: file, tenant)
    do {
      let document = try await extraction.run {
        try DocumentLoader().load(descriptor: bytes.descriptor, name: file.filename)
      }
      try await pool.run(for: tenant) { try $0.attach(document, toFile: file.id) }
    } catch let error as DocumentError {
      let reason = "\(error)"
      // Another try may go better: where the reader was stopped, or is not here.
      if error.mayPass { throw Self.unreadable(file.id, reason) }
      try await pool.run(for: tenant) { try $0.fail(file: file.id, reason) }
      throw Self.unreadable(file.id, reason)
    }
  }

  /// The file's bytes on this host, for as long as the value lives.
  private func copy(of file: StoredFile, _ tenant: String) async throws -> Copy {
    let copy = Copy(file: try MemoryFile(onDisk: true))
    let places = try await pool.run(for: tenant) { try $0.pieces(of: file.id) }
    for place in places {
      let piece = try await pool.run(for: tenant) { try $0.piece(place) }
      guard let piece else { throw APIError.notFound("file", file.id) }
      try piece.withUnsafeBytes { try copy.file.write($0) }
    }
    return copy
  }

  /// Written by one task, and then read by another.
  private struct Copy: @unchecked Sendable {
    let file: MemoryFile
    var descriptor: Int32 { file.descriptor }
  }
}
