import ArgumentParser
import Foundation
import Jobs

/// Which database a command talks to.
struct DatabaseOptions: ParsableArguments {
  @Option(
    help: "Connection URL of a Postgres database; default: DATABASE_URL, else the embedded one.")
  var database: String?

  /// The server that was named, if one was.
  var named: String? {
    let url = database ?? ProcessInfo.processInfo.environment["DATABASE_URL"]
    return url.flatMap { $0.isEmpty ? nil : $0 }
  }

  var isEmbedded: Bool { named == nil }

  /// The URL; an embedded server is started when needed.
  func url() throws -> String {
    if let named { return named }
    let embedded = EmbeddedPostgres()
    try embedded.explaining { try embedded.ensureRunning() }
    return embedded.url
  }

  /// This host's workers for it.
  var localWorkers: LocalWorkers {
    LocalWorkers(database: named ?? EmbeddedPostgres().url, isOwn: isEmbedded)
  }

  /// - Throws: `PostgresError` when it cannot be reached or has another schema.
  func open() throws -> JobDatabase {
    let url = try url()
    if !isEmbedded { return try JobDatabase(url: url) }
    return try EmbeddedPostgres().explaining { try JobDatabase(url: url) }
  }
}
