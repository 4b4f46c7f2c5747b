/// Brings a database's schema to the version this program knows.
public struct Migrator: Sendable {
  /// One step, in ascending order of versions.
  public struct Step: Sendable {
    public let version: Int
    public let name: String
    public let sql: String
    /// True when programs that do not know the step cannot work beside it.
    public let isBreaking: Bool

    public init(version: Int, name: String, sql: String, isBreaking: Bool) {
      self.version = version
      self.name = name
      self.sql = sql
      self.isBreaking = isBreaking
    }
  }

  /// Any constant will do, as long as all migrators take the same.
  private static let lockKey = 7_310_115_642

  private let steps: [Step]

  public init(_ steps: [Step]) { self.steps = steps }

  private var known: Int { steps.map(\.version).max() ?? 0 }

  /// Applies what is missing, each step in a transaction of its own. Migrators that run at
  /// the same time wait for each other.
  /// - Returns: the versions that were applied.
  /// - Throws: `PostgresError`; a step that fails leaves the schema as it was before it.
  public func migrate(_ connection: Connection) throws -> [Int] {
    try connection.query("select pg_advisory_lock($1)", [.integer(Self.lockKey)])
    defer { _ = try? connection.query("select pg_advisory_unlock($1)", [.integer(Self.lockKey)]) }
    try connection.execute(
      script: """
        create schema if not exists docproc;
        create table if not exists docproc.migration (
          version integer primary key, name text not null, applied_at timestamptz not null default clock_timestamp());
        alter table docproc.migration add column if not exists breaking boolean not null default true;
        """)
    let current = try version(connection) ?? 0
    if current > known { try check(connection) }

    return try steps.filter { $0.version > current }.map { try apply($0, connection) }
  }

  private func apply(_ step: Step, _ connection: Connection) throws -> Int {
    try connection.execute(script: "begin")
    do {
      try connection.execute(script: step.sql)
      try connection.query(
        "insert into docproc.migration (version, name, breaking) values ($1, $2, $3)",
        [.integer(step.version), .text(step.name), .boolean(step.isBreaking)])
      try connection.execute(script: "commit")
    } catch {
      _ = try? connection.execute(script: "rollback")
      throw error
    }

    return step.version
  }

  /// Newer schemas are fine as long as no step on the way to them was a breaking one.
  /// - Throws: `PostgresError.neverMigrated`, `.outdatedDatabase` or `.newerDatabase`.
  public func check(_ connection: Connection) throws {
    guard let version = try version(connection) else { throw PostgresError.neverMigrated }
    if version < known { throw PostgresError.outdatedDatabase(version: version, known: known) }
    if version > known, try isBroken(connection) {
      throw PostgresError.newerDatabase(version: version, known: known)
    }
  }

  private func isBroken(_ connection: Connection) throws -> Bool {
    let found = try connection.query(
      "select coalesce(bool_or(breaking), false) as found from docproc.migration where version > "
        + "$1",
      [.integer(known)])
    return try found.first?.boolean("found") ?? true
  }

  /// The schema's version; nil when there is none.
  private func version(_ connection: Connection) throws -> Int? {
    let table = try connection.query("select to_regclass('docproc.migration') is not null as found")
    guard try table.first?.boolean("found") == true else { return nil }
    return try connection.query(
      "select coalesce(max(version), 0) as version from docproc.migration"
    ).first?.integer("version")
  }
}
