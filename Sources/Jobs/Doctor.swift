import Foundation
import Postgres

/// Something about a database that is not as it should be.
public struct Finding: Sendable, Encodable {
  public enum Level: String, Sendable, Encodable { case warning, problem }

  /// What was looked at.
  public let check: String
  public let level: Level
  public let found: String
  /// What to do about it.
  public let remedy: String
}

extension JobQueue {
  /// Seconds that a host's clock may differ from the database's before somebody should know.
  private static let clockTolerance = 5.0
  /// Changes of the schema that are named one by one.
  private static let mostChanges = 10

  /// Looks for old snapshots, broken indexes, a schema changed by hand, dead workers, stuck jobs
  /// and clocks that differ.
  /// - Throws: `PostgresError`
  public func findings() throws -> [Finding] {
    try stateFindings() + schemaFindings() + clockFindings()
  }

  private func stateFindings() throws -> [Finding] {
    try call(PackageResources.findings_sql).map { row in
      Finding(
        check: try row.text("check"),
        level: Finding.Level(rawValue: try row.text("level")) ?? .problem,
        found: try row.text("found"),
        remedy: try row.text("remedy"))
    }
  }

  private func schemaFindings() throws -> [Finding] {
    let expected = Set(
      try connection.query("select line from docproc.schema_line").map { try $0.text("line") })
    let found = Set(try call(PackageResources.schema_lines_sql).map { try $0.text("line") })
    let changes =
      expected.subtracting(found).map { "missing or changed: \($0)" }
      + found.subtracting(expected).map { "new or changed: \($0)" }

    return changes.sorted().prefix(Self.mostChanges).map { change in
      Finding(
        check: "schema", level: .problem, found: change,
        remedy:
          "Somebody changed the schema by hand: undo it. Functions and views can be restored "
          + "from migrations/sql."
      )
    }
  }

  /// Nothing depends on the hosts' clocks, but people who read logs do.
  private func clockFindings() throws -> [Finding] {
    let before = Date()
    let row = try connection.query(
      "select extract(epoch from clock_timestamp())::float8 as seconds"
    ).first
    guard let seconds = try row.flatMap({ Double(try $0.text("seconds")) }) else { return [] }
    let here = before.timeIntervalSince1970 + Date().timeIntervalSince(before) / 2
    guard abs(here - seconds) > Self.clockTolerance else { return [] }

    return [
      Finding(
        check: "clocks", level: .warning,
        found:
          "this host's clock differs from the database's by \(Int((here - seconds).rounded())) s",
        remedy: "Set up time synchronisation; docproc itself goes by the database's clock alone.")
    ]
  }
}
