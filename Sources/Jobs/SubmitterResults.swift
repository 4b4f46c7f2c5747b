import Foundation
import Postgres

/// A kept reading.
package struct ReadingStatus: Sendable, Codable, Equatable {
  package let id: Int
  package let document: String
  package let documentSHA256: String
  package let model: String
  /// The question that it was made for; nil for a general one.
  package let focus: String?
  package let tokens: Int
  /// Places that a reading can go on from.
  package let states: Int
  package let bytes: Int
  /// That it would take to make it again.
  package let seconds: Double
  package let asked: Int
  /// Since it was used last.
  package let ageSeconds: Int

  enum CodingKeys: String, CodingKey {
    case id, document, model, focus, tokens, states, bytes, seconds, asked
    case documentSHA256 = "document_sha256"
    case ageSeconds = "age_seconds"
  }
}

/// An answer, a summary or a quote with the words that were looked for.
package struct SearchHit: Sendable, Codable, Equatable {
  package let job: Int
  package let document: String
  package let question: String?
  /// `answer`, `summary` or `quote`.
  package let foundIn: String
  package let snippet: String

  enum CodingKeys: String, CodingKey {
    case job, document, question, snippet
    case foundIn = "found_in"
  }
}

/// A result as it leaves the database, as names and values.
package struct ExportedResult: Sendable {
  package static let columns = [
    "job", "question_id", "task", "document", "document_sha256", "question", "answer", "supported",
    "uncertain", "evidence", "model", "tokens_read", "reused_tokens", "seconds", "created_at",
    "finished_at",
  ]

  package let cells: [String?]
  /// An object of the same, with numbers and evidence as JSON.
  package let json: String
}

extension Submitter {
  /// Those used last first.
  /// - Throws: `PostgresError`
  package func readings() throws -> [ReadingStatus] {
    let sql = """
      select r.*, extract(epoch from clock_timestamp() - r.used_at)::bigint as age
      from docproc.readings r order by r.used_at desc
      """
    return try database.connection.query(sql).map { row in
      ReadingStatus(
        id: try row.integer("id"), document: try row.text("document"),
        documentSHA256: try row.text("document_sha256"), model: try row.text("model"),
        focus: try row.optionalText("focus"), tokens: try row.optionalInteger("tokens") ?? 0,
        states: try row.integer("states"), bytes: try row.optionalInteger("bytes") ?? 0,
        seconds: try row.optionalDouble("seconds") ?? 0,
        asked: try row.optionalInteger("asked") ?? 0,
        ageSeconds: try row.optionalInteger("age") ?? 0)
    }
  }

  /// - Throws: `PostgresError`
  package func search(_ words: String, limit: Int) throws -> [SearchHit] {
    try database.rows(from: "search", [.text(words), .integer(limit)]).map { row in
      SearchHit(
        job: try row.integer("job_id"), document: try row.text("document"),
        question: try row.optionalText("question"), foundIn: try row.text("found_in"),
        snippet: try row.text("snippet"))
    }
  }

  /// All results, oldest first, a page at a time.
  /// - Throws: `PostgresError`, and what the body throws.
  package func forEachResult(_ body: (ExportedResult) throws -> Void) throws {
    let sql = String(decoding: PackageResources.export_sql, as: UTF8.self)
    var (job, ordinal) = (0, 0)
    while true {
      let rows = try database.connection.query(sql, [.integer(job), .integer(ordinal)])
      guard let last = rows.last else { return }
      for row in rows {
        try body(
          ExportedResult(
            cells: try ExportedResult.columns.map { try row.optionalText($0) },
            json: try row.text("json")))
      }
      (job, ordinal) = (try last.integer("job"), try last.integer("ordinal"))
    }
  }
}

extension Operator {
  /// Deletes a kept reading.
  /// - Throws: `JobError.noSuchReading`, `PostgresError`
  package func forgetReading(_ id: Int) throws {
    do {
      _ = try database.value(of: "forget_reading", [.integer(id)])
    } catch PostgresError.query("P0002", _, _) {
      throw JobError.noSuchReading(id)
    }
  }
}
