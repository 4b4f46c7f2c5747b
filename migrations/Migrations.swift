/// One step of the schema's history.
public struct Migration: Sendable {
  public let version: Int
  public let name: String
  public let sql: String
  /// True when programs that do not know the step cannot work beside it.
  public let isBreaking: Bool
}

/// The schema's history, embedded in the binary. Steps are only ever added.
public enum Migrations {
  public static let all: [Migration] = [
    step(1, "queue", PackageResources._001_queue_sql),
    step(2, "functions", PackageResources._002_functions_sql),
    step(3, "views", PackageResources._003_views_sql),
    step(4, "payload", PackageResources._004_payload_sql),
    step(5, "fleet", PackageResources._005_fleet_sql),
    step(6, "fleet functions", PackageResources._006_fleet_functions_sql),
    step(7, "fleet views", PackageResources._007_views_sql),
    step(8, "roles", PackageResources._008_roles_sql),
    step(9, "complete", PackageResources._009_complete_sql, isBreaking: false),
  ]

  private static func step(_ version: Int, _ name: String, _ sql: [UInt8], isBreaking: Bool = true)
    -> Migration
  {
    Migration(
      version: version, name: name, sql: String(decoding: sql, as: UTF8.self),
      isBreaking: isBreaking)
  }
}
