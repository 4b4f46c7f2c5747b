/// One step of the schema's history.
public struct Migration: Sendable {
  public let version: Int
  public let name: String
  public let sql: String
}

/// The schema's history, embedded in the binary. Steps are only ever added.
public enum Migrations {
  public static let all: [Migration] = [
    Migration(version: 1, name: "queue", sql: text(PackageResources._001_queue_sql)),
    Migration(version: 2, name: "functions", sql: text(PackageResources._002_functions_sql)),
    Migration(version: 3, name: "views", sql: text(PackageResources._003_views_sql)),
    Migration(version: 4, name: "payload", sql: text(PackageResources._004_payload_sql)),
  ]

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
