import Foundation
import Postgres

/// A file that comes in parts.
package struct Upload: Sendable, Equatable {
  package let id: String
  package let filename: String
  package let purpose: String
  package let mimeType: String
  package let bytes: Int
  /// `pending`, `completed`, `cancelled` or `expired`.
  package let status: String
  package let file: String?
  package let fileExpiresAfter: Int?
  /// Seconds since 1970.
  package let createdAt: Int
  package let expiresAt: Int
}

package struct UploadPart: Sendable, Equatable {
  package let id: String
  package let blob: Int
  package let bytes: Int
  package let createdAt: Int
}

extension TenantSession {
  private static let uploadColumns = """
    id, filename, purpose, mime_type, bytes, file_id, \
    case when status = 'pending' and u.expires_at < clock_timestamp() then 'expired' \
      else status end as status, \
    extract(epoch from file_expires_after)::bigint as file_expires_after, \
    \(Timestamp.epoch("created_at")), \(Timestamp.epoch("expires_at"))
    """

  private func upload(_ row: Row) throws -> Upload {
    Upload(
      id: try row.text("id"), filename: try row.text("filename"),
      purpose: try row.text("purpose"), mimeType: try row.text("mime_type"),
      bytes: try row.integer("bytes"), status: try row.text("status"),
      file: try row.optionalText("file_id"),
      fileExpiresAfter: try row.optionalInteger("file_expires_after"),
      createdAt: try row.integer("created_at"), expiresAt: try row.integer("expires_at"))
  }

  /// - Parameter seconds: that it may take.
  package func beginUpload(
    filename: String, purpose: String, mimeType: String, bytes: Int, fileExpiresAfter: Int?,
    seconds: Int
  ) throws -> Upload {
    let sql = """
      insert into docproc.upload as u
        (id, filename, purpose, mime_type, bytes, file_expires_after, expires_at)
      values ($1, $2, $3, $4, $5, $6::interval, clock_timestamp() + $7::interval)
      returning \(Self.uploadColumns)
      """
    let made = try rows(
      sql,
      [
        .text(RandomID.make("upload_")), .text(filename), .text(purpose), .text(mimeType),
        .integer(bytes), .seconds(fileExpiresAfter.map(Double.init)), .seconds(Double(seconds)),
      ])
    guard let row = made.first else { throw PostgresError.unexpectedResult("no upload") }
    return try upload(row)
  }

  /// - Parameter locked: until the transaction's end.
  package func upload(_ id: String, locked: Bool = false) throws -> Upload? {
    let sql = """
      select \(Self.uploadColumns) from docproc.upload u where id = $1
      \(locked ? "for update" : "")
      """
    return try rows(sql, [.text(id)]).first.map(upload)
  }

  package func addPart(of upload: String, blob: Int, bytes: Int) throws -> UploadPart {
    let sql = """
      insert into docproc.upload_part (id, upload_id, blob_id, bytes) values ($1, $2, $3, $4)
      returning id, blob_id, bytes, \(Timestamp.epoch("created_at"))
      """
    let id = RandomID.make("part_")
    let made = try rows(sql, [.text(id), .text(upload), .integer(blob), .integer(bytes)])
    guard let row = made.first else { throw PostgresError.unexpectedResult("no part") }
    return try part(row)
  }

  private func part(_ row: Row) throws -> UploadPart {
    UploadPart(
      id: try row.text("id"), blob: try row.integer("blob_id"), bytes: try row.integer("bytes"),
      createdAt: try row.integer("created_at"))
  }

  package func parts(of upload: String) throws -> [UploadPart] {
    let sql = """
      select id, blob_id, bytes, \(Timestamp.epoch("created_at")) from docproc.upload_part
      where upload_id = $1 order by upload_part.created_at
      """
    return try rows(sql, [.text(upload)]).map(part)
  }

  /// Ends an upload; its parts go, and the bytes of those that became no file with them.
  package func end(upload id: String, as status: String, file: String?) throws {
    let gone = try rows(
      "delete from docproc.upload_part where upload_id = $1 returning blob_id", [.text(id)])
    for row in gone {
      _ = try rows(
        """
        delete from docproc.blob b where id = $1
          and not exists (select from docproc.file_blob f where f.blob_id = b.id)
        """, [.integer(try row.integer("blob_id"))])
    }
    _ = try rows(
      "update docproc.upload set status = $2, file_id = $3 where id = $1",
      [.text(id), .text(status), .text(file)])
  }
}
