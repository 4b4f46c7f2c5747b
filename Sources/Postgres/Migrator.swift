import Digests

/// Brings a database's schema to what this program knows: numbered steps, each applied once, and
/// then objects (functions, views, rights), which are applied again when their text has changed.
package struct Migrator: Sendable {
  /// One step of the history, in ascending order of versions.
  package struct Step: Sendable {
    package let version: Int
    package let name: String
    package let sql: String
    /// True when programs that do not know the step cannot work beside it.
    package let isBreaking: Bool

    package init(version: Int, name: String, sql: String, isBreaking: Bool) {
      self.version = version
      self.name = name
      self.sql = sql
      self.isBreaking = isBreaking
    }

    var sha256: String { SHA256.hex(of: sql) }
  }

  /// A file that says what a part of the schema is now, however often it is applied.
  package struct Object: Sendable {
    package let path: String
    package let sql: String

    package init(path: String, sql: String) {
      self.path = path
      self.sql = sql
    }

    var sha256: String { SHA256.hex(of: sql) }
  }

  /// What was applied.
  package struct Outcome: Sendable, Equatable, Encodable {
    /// Versions.
    package let steps: [Int]
    /// Paths.
    package let objects: [String]

    package var isEmpty: Bool { steps.isEmpty && objects.isEmpty }
  }

  /// Any constant will do, as long as all migrators take the same.
  private static let lockKey = 7_310_115_642
  /// That a step waits for a table that somebody reads, and others behind it.
  private static let lockSeconds = 30

  private let history: [Step]
  private let objects: [Object]

  package init(history: [Step], objects: [Object] = []) {
    self.history = history
    self.objects = objects
  }

  private var known: Int { history.map(\.version).max() ?? 0 }

  /// Applies what is missing: each step in a transaction of its own, and all objects in one.
  /// Migrators that run at the same time wait for each other. A program that is older than the
  /// database applies nothing.
  /// - Parameter again: applies all objects, whether they changed or not.
  /// - Throws: `PostgresError`; a step that fails leaves the schema as it was before it, objects
  ///   that fail leave all of them as they were.
  package func migrate(_ connection: Connection, again: Bool = false) throws -> Outcome {
    // Most callers find nothing to do: they wait for nobody, and nobody for them.
    if !again, try isUpToDate(connection) { return Outcome(steps: [], objects: []) }
    // A step over large tables takes as long as it takes, and so does another migrator's.
    try connection.execute(script: "set statement_timeout = 0; set lock_timeout = 0")
    defer {
      try? connection.execute(script: "reset statement_timeout; reset lock_timeout")
    }
    try connection.query("select pg_advisory_lock($1)", [.integer(Self.lockKey)])
    defer { _ = try? connection.query("select pg_advisory_unlock($1)", [.integer(Self.lockKey)]) }
    try connection.execute(script: "set lock_timeout = '\(Self.lockSeconds) s'")
    try prepare(connection)

    let current = try version(connection) ?? 0
    if current > known {
      try check(connection)
      return Outcome(steps: [], objects: [])
    }

    try compareHistory(connection)
    let steps = history.filter { $0.version > current }
    for step in steps { try apply(step, connection) }
    return Outcome(
      steps: steps.map(\.version), objects: try applyObjects(connection, again: again))
  }

  /// True where all steps and objects are there as this program knows them. It only reads.
  private func isUpToDate(_ connection: Connection) throws -> Bool {
    for column in ["sha256", "breaking"] {
      guard try hasTable("migration", column: column, connection) else { return false }
    }
    guard try objects.isEmpty ? true : hasTable("object", column: "sha256", connection) else {
      return false
    }
    let applied = try connection.query("select version, sha256 from docproc.migration")
    let digests = try Dictionary(
      applied.map { (try $0.integer("version"), try $0.optionalText("sha256")) },
      uniquingKeysWith: { $1 })
    guard history.allSatisfy({ digests[$0.version] == $0.sha256 }),
      digests.keys.max() ?? 0 == known
    else { return false }
    let noted =
      objects.isEmpty ? [] : try connection.query("select path, sha256 from docproc.object")
    let paths = try Dictionary(
      noted.map { (try $0.text("path"), try $0.text("sha256")) }, uniquingKeysWith: { $1 })
    return objects.allSatisfy { paths[$0.path] == $0.sha256 }
  }

  private func hasTable(
    _ table: String, column: String, _ connection: Connection
  ) throws -> Bool {
    let found = try connection.query(
      """
      select from pg_catalog.pg_attribute
      where attrelid = to_regclass('docproc.' || $1) and attname = $2 and not attisdropped
      """, [.text(table), .text(column)])
    return !found.isEmpty
  }

  /// Makes the table of steps, or gives it the columns that an early program left out.
  private func prepare(_ connection: Connection) throws {
    let isThere = try hasTable("migration", column: "sha256", connection)
    if isThere, try hasTable("migration", column: "breaking", connection) { return }
    try connection.execute(
      script: """
        create schema if not exists docproc;
        create table if not exists docproc.migration (
          version integer primary key,
          name text not null,
          applied_at timestamptz not null default clock_timestamp());
        alter table docproc.migration
          add column if not exists breaking boolean not null default true,
          add column if not exists sha256 text;
        """)
  }

  // MARK: History

  /// A step that was applied before its digest was noted gets the one it has now.
  /// - Throws: `PostgresError.editedStep`
  private func compareHistory(_ connection: Connection) throws {
    let applied = try connection.query("select version, sha256 from docproc.migration")
    for row in applied {
      let version = try row.integer("version")
      guard let step = history.first(where: { $0.version == version }) else { continue }
      guard let noted = try row.optionalText("sha256") else {
        try connection.query(
          "update docproc.migration set sha256 = $2 where version = $1",
          [.integer(version), .text(step.sha256)])
        continue
      }
      guard noted == step.sha256 else {
        throw PostgresError.editedStep(version: version, name: step.name)
      }
    }
  }

  private func apply(_ step: Step, _ connection: Connection) throws {
    let sql = try hasLZ4(connection) ? step.sql : Self.withoutLZ4(step.sql)
    try connection.transaction {
      try connection.execute(script: sql)
      try connection.query(
        """
        insert into docproc.migration (version, name, breaking, sha256)
        values ($1, $2, $3, $4)
        """,
        [
          .integer(step.version), .text(step.name), .boolean(step.isBreaking),
          .text(step.sha256),
        ])
    }
  }

  /// A server that was built without it compresses as it does by default.
  package func hasLZ4(_ connection: Connection) throws -> Bool {
    let methods = try connection.query(
      "select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)")
    return !methods.isEmpty
  }

  private static func withoutLZ4(_ sql: String) -> String {
    sql.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.hasSuffix("set compression lz4;") }.joined(separator: "\n")
  }

  // MARK: Objects

  /// - Returns: the paths of those that were applied.
  private func applyObjects(_ connection: Connection, again: Bool) throws -> [String] {
    if objects.isEmpty { return [] }
    let rows = try connection.query("select path, sha256 from docproc.object")
    let noted = try Dictionary(
      rows.map { (try $0.text("path"), try $0.text("sha256")) }, uniquingKeysWith: { $1 })
    let changed = objects.filter { again || noted[$0.path] != $0.sha256 }
    if changed.isEmpty { return [] }

    // Replacing a function takes its rights away: they are always given again.
    let rights = objects.filter { $0.path == Self.rights && !changed.map(\.path).contains($0.path) }
    try connection.transaction {
      try connection.execute(script: "set local search_path = docproc, pg_temp")
      // Bodies may name functions and views that come later: they are looked at the second time.
      try connection.execute(script: "set local check_function_bodies = off")
      for object in changed { try apply(object, connection) }
      try connection.execute(script: "set local check_function_bodies = on")
      for object in changed + rights { try apply(object, connection) }
      for object in changed { try note(object, connection) }
    }

    return changed.map(\.path)
  }

  private static let rights = "rights.sql"

  /// - Throws: `PostgresError.brokenObject` for one that is no SQL, or names what is not there.
  private func apply(_ object: Object, _ connection: Connection) throws {
    do {
      try connection.execute(script: object.sql)
    } catch PostgresError.query(let state, let message, _) where state.hasPrefix("42") {
      throw PostgresError.brokenObject(path: object.path, reason: message)
    }
  }

  private func note(_ object: Object, _ connection: Connection) throws {
    try connection.query(
      """
      insert into docproc.object (path, sha256) values ($1, $2)
      on conflict (path) do update set sha256 = excluded.sha256, applied_at = clock_timestamp()
      """, [.text(object.path), .text(object.sha256)])
  }

  // MARK: Versions

  /// Newer schemas are fine as long as no step on the way to them was a breaking one.
  /// - Throws: `PostgresError.neverMigrated`, `.outdatedDatabase` or `.newerDatabase`.
  package func check(_ connection: Connection) throws {
    guard let version = try version(connection) else { throw PostgresError.neverMigrated }
    if version < known { throw PostgresError.outdatedDatabase(version: version, known: known) }
    if version > known, try isBroken(connection) {
      throw PostgresError.newerDatabase(version: version, known: known)
    }
  }

  private func isBroken(_ connection: Connection) throws -> Bool {
    let found = try connection.query(
      """
      select coalesce(bool_or(breaking), false) as found
      from docproc.migration
      where version > $1
      """, [.integer(known)])
    return try found.first?.boolean("found") ?? true
  }

  /// The schema's version; nil when there is none.
  private func version(_ connection: Connection) throws -> Int? {
    let table = try connection.query("select to_regclass('docproc.migration') is not null as found")
    guard try table.first?.boolean("found") == true else { return nil }
    let rows = try connection.query(
      "select coalesce(max(version), 0) as version from docproc.migration")
    return try rows.first?.integer("version")
  }
}
