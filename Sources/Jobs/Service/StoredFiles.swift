package import Documents
import Foundation
import Postgres

/// A file as it was uploaded.
package struct StoredFile: Sendable, Equatable {
  package enum Status: String, Sendable { case uploaded, processed, error }

  package let id: String
  package let filename: String
  package let purpose: String
  package let bytes: Int
  package let sha256: String
  package let status: Status
  /// Why no text could be taken out of it.
  package let error: String?
  package let document: Int?
  /// Seconds since 1970.
  package let createdAt: Int
  package let expiresAt: Int?
}

/// The document that a file became.
package struct FileDocument: Sendable {
  package let name: String
  package let sha256: String
  package let notes: [String]
}

/// Files of the tenant's: their bytes lie in pieces, so that none has to be in memory whole.
extension TenantSession {
  private static let columns = """
    id, filename, purpose, bytes, sha256, status, error, document_id, \
    \(Timestamp.epoch("created_at")), \(Timestamp.epoch("expires_at"))
    """

  private func file(_ row: Row) throws -> StoredFile {
    StoredFile(
      id: try row.text("id"), filename: try row.text("filename"),
      purpose: try row.text("purpose"), bytes: try row.integer("bytes"),
      sha256: try row.text("sha256"),
      status: StoredFile.Status(rawValue: try row.text("status")) ?? .error,
      error: try row.optionalText("error"), document: try row.optionalInteger("document_id"),
      createdAt: try row.integer("created_at"), expiresAt: try row.optionalInteger("expires_at"))
  }

  // MARK: Bytes

  /// - Returns: the number of a blob, to which pieces are added.
  package func beginBlob() throws -> Int {
    let rows = try rows("insert into docproc.blob default values returning id")
    guard let row = rows.first else { throw PostgresError.unexpectedResult("no blob") }
    return try row.integer("id")
  }

  /// - Parameter number: of the piece, from 0.
  package func add(_ piece: [UInt8], number: Int, toBlob blob: Int) throws {
    let sql = """
      with added as (
        insert into docproc.blob_piece (blob_id, number, data) values ($1, $2, $3)
      )
      update docproc.blob set bytes = bytes + $4::bigint, pieces = pieces + 1 where id = $1
      """
    _ = try rows(sql, [.integer(blob), .integer(number), .bytes(piece), .integer(piece.count)])
  }

  package func dropBlob(_ blob: Int) throws {
    _ = try rows("delete from docproc.blob where id = $1", [.integer(blob)])
  }

  /// The places of a file's pieces, in their order.
  package func pieces(of file: String) throws -> [(blob: Int, number: Int)] {
    let sql = """
      select p.blob_id, p.number from docproc.file_blob f
      join docproc.blob_piece p on p.blob_id = f.blob_id
      where f.file_id = $1 order by f.ordinal, p.number
      """
    return try rows(sql, [.text(file)]).map {
      (try $0.integer("blob_id"), try $0.integer("number"))
    }
  }

  package func piece(_ place: (blob: Int, number: Int)) throws -> [UInt8]? {
    let sql = "select data from docproc.blob_piece where blob_id = $1::bigint and number = $2::int"
    return try rows(sql, [.integer(place.blob), .integer(place.number)], binary: true)
      .first?.bytes("data")
  }

  // MARK: Files

  /// - Parameters:
  ///   - blobs: the file's bytes, one behind the other.
  ///   - expiresAfter: seconds; nil for never.
  package func addFile(
    blobs: [Int], filename: String, purpose: String, bytes: Int, sha256: String,
    status: StoredFile.Status, expiresAfter: Int?
  ) throws -> StoredFile {
    let id = RandomID.make("file-")
    let sql = """
      insert into docproc.file (id, filename, purpose, bytes, sha256, status, expires_at)
      values ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7::interval)
      returning \(Self.columns)
      """
    let made = try rows(
      sql,
      [
        .text(id), .text(filename), .text(purpose), .integer(bytes), .text(sha256),
        .text(status.rawValue), .seconds(expiresAfter.map(Double.init)),
      ])
    for (ordinal, blob) in blobs.enumerated() {
      _ = try rows(
        "insert into docproc.file_blob values ($1, $2, $3)",
        [.text(id), .integer(ordinal), .integer(blob)])
    }
    guard let row = made.first else { throw PostgresError.unexpectedResult("no file") }
    return try file(row)
  }

  /// - Returns: nil where there is none, or it has expired.
  package func file(_ id: String) throws -> StoredFile? {
    let sql = """
      select \(Self.columns) from docproc.file
      where id = $1 and coalesce(docproc.file.expires_at, 'infinity') > clock_timestamp()
      """
    return try rows(sql, [.text(id)]).first.map(file)
  }

  /// - Parameter after: the id that the page before ended with.
  package func files(
    limit: Int, after: String?, purpose: String?, ascending: Bool
  ) throws -> [StoredFile] {
    let (order, sign) = ascending ? ("asc", ">") : ("desc", "<")
    let sql = """
      select \(Self.columns) from docproc.file f
      where ($1::text is null or purpose = $1)
        and coalesce(f.expires_at, 'infinity') > clock_timestamp()
        and ($2::text is null or (f.created_at, id)
          \(sign) (select a.created_at, a.id from docproc.file a where a.id = $2))
      order by f.created_at \(order), id \(order) limit $3::integer
      """
    return try rows(sql, [.text(purpose), .text(after), .integer(limit)]).map(file)
  }

  /// - Returns: false where there is none.
  package func dropFile(_ id: String) throws -> Bool {
    try value(of: "drop_file", [.text(id)]).boolean("value")
  }

  package func storedBytes() throws -> Int {
    try value(of: "stored_bytes").integer("value")
  }

  // MARK: Documents of files

  /// - Returns: nil where no text was taken out of the file yet.
  package func document(ofFile id: String) throws -> FileDocument? {
    let sql = """
      select d.name, d.sha256, f.notes::text as notes from docproc.file f
      join docproc.document d on d.id = f.document_id where f.id = $1
      """
    return try rows(sql, [.text(id)]).first.map { row in
      FileDocument(
        name: try row.text("name"), sha256: try row.text("sha256"),
        notes: try JSONDecoder().decode([String].self, from: Data(row.text("notes").utf8)))
    }
  }

  /// Stores the text that was taken out of a file.
  package func attach(_ document: Document, toFile id: String) throws {
    let upload = try submitter.upload(document.text)
    let notes = String(decoding: try JSONEncoder().encode(document.notes), as: UTF8.self)
    _ = try value(
      of: "attach_document",
      [
        .text(id), .text(document.sha256), .integer(upload),
        .text(try PartsCoding.encode(document.parts)), .text(notes),
      ])
  }

  /// Notes why no text can be taken out of a file.
  package func fail(file id: String, _ reason: String) throws {
    _ = try rows(
      "update docproc.file set status = 'error', error = $2 where id = $1 and document_id is null",
      [.text(id), .text(reason)])
  }

  /// Of files whose text was taken out before: one document, each part after its path.
  package func text(ofFile id: String) throws -> Document? {
    let sql = """
      select d.id, d.name, d.parts::text as parts, t.pieces, t.id as content
      from docproc.file f
      join docproc.document d on d.id = f.document_id
      join docproc.content t on t.id = d.content_id where f.id = $1
      """
    guard let row = try rows(sql, [.text(id)]).first else { return nil }
    var text = ""
    for number in 0..<(try row.integer("pieces")) {
      let piece = try rows(
        "select text from docproc.content_piece where content_id = $1::bigint and number = $2::int",
        [.integer(try row.integer("content")), .integer(number)])
      // It may have been deleted in the middle: a part of it is not it.
      guard let piece = piece.first else { return nil }
      text += try piece.text("text")
    }
    return Document(
      name: try row.text("name"), text: text,
      parts: try PartsCoding.decode(try row.text("parts"), scalars: text.unicodeScalars.count))
  }
}
