import Foundation
import Migrations
package import Postgres

/// A database with docproc's schema, over one connection: for one thread at a time.
package final class JobDatabase {
  package let connection: Connection

  package static let migrator = Migrator(
    history: Migrations.history.map {
      Migrator.Step(
        version: $0.version, name: $0.name, sql: $0.sql, isBreaking: $0.isBreaking)
    },
    objects: Migrations.objects.map { Migrator.Object(path: $0.path, sql: $0.sql) })

  /// Brings a database's schema to this program's version, and notes what it looks like then.
  /// - Parameter again: applies functions, views and rights whether they changed or not.
  /// - Throws: `PostgresError`
  package static func migrate(
    _ connection: Connection, again: Bool = false
  ) throws -> Migrator.Outcome {
    let outcome = try migrator.migrate(connection, again: again)
    let isNoted = try !connection.query("select from docproc.schema_line limit 1").isEmpty
    // One that was killed between the two left the note to the next.
    if !outcome.isEmpty || !isNoted {
      let lines = String(decoding: PackageResources.schema_lines_sql, as: UTF8.self)
      try connection.execute(
        script: """
          begin;
          truncate docproc.schema_line;
          insert into docproc.schema_line \(lines);
          commit
          """)
    }

    return outcome
  }

  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  package init(url: String) throws {
    connection = try Connection(url: url)
    try Self.migrator.check(connection)
  }

  /// - Throws: `PostgresError` when a step that this program cannot work beside has been applied.
  package func checkSchema() throws { try Self.migrator.check(connection) }

  // MARK: Calls

  /// The rows of one of the SQL files beside this target.
  func rows(of file: [UInt8], _ parameters: [Parameter] = []) throws -> [Row] {
    try connection.query(String(decoding: file, as: UTF8.self), parameters)
  }

  /// The rows that a function of the schema returns.
  func rows(
    from function: String, _ parameters: [Parameter], binary: Bool = false
  ) throws -> [Row] {
    let sql = "select * from docproc.\(function)(\(Self.places(parameters)))"
    return try connection.query(sql, parameters, binary: binary)
  }

  /// A row whose column `value` is what a function of the schema returns.
  func value(of function: String, _ parameters: [Parameter] = []) throws -> Row {
    let sql = "select docproc.\(function)(\(Self.places(parameters))) as value"
    guard let row = try connection.query(sql, parameters).first else {
      throw PostgresError.unexpectedResult("\(function) returned no row")
    }
    return row
  }

  private static func places(_ parameters: [Parameter]) -> String {
    parameters.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
  }
}
