import Foundation
import Postgres

/// What people do who run a fleet: steer jobs, and look for what is not as it should be.
package struct Operator {

  let database: JobDatabase

  /// Seconds that a host's clock may differ from the database's before somebody should know.
  private static let clockTolerance = 5.0
  /// Changes of the schema that are named one by one.
  private static let mostChanges = 10

  init(_ database: JobDatabase) { self.database = database }

  // MARK: Steering

  /// - Returns: the state after the call; a running job's worker stops it soon.
  /// - Throws: `JobError.noSuchJob`, `PostgresError`
  package func cancel(_ id: Int) throws -> JobState { try steer("cancel", id) }

  /// Keeps a job from going on until it is resumed; a running one stops after a checkpoint.
  /// - Returns: the state after the call.
  /// - Throws: `JobError.noSuchJob`, `PostgresError`
  package func pause(_ id: Int) throws -> JobState { try steer("pause", id) }

  /// Lets a paused job go on where it stood.
  /// - Throws: `JobError.noSuchJob`, `PostgresError`
  package func resume(_ id: Int) throws -> JobState { try steer("resume", id) }

  /// Gives a failed or cancelled job all its attempts again.
  /// - Throws: `JobError.noSuchJob`, `PostgresError`
  package func retry(_ id: Int) throws -> JobState { try steer("retry", id) }

  /// Gives a job another priority, which counts from the next claim on.
  /// - Throws: `JobError.noSuchJob`, `PostgresError`
  package func prioritize(_ id: Int, _ priority: Int) throws -> JobState {
    try steer("prioritize", id, [.integer(priority)])
  }

  /// Removes a job with its result, checkpoints and events, and its document where no other job
  /// needs it.
  /// - Returns: whether the document is gone.
  /// - Throws: `JobError.noSuchJob`, `.isRunning`, `PostgresError`
  package func remove(_ id: Int) throws -> Bool {
    do {
      return try database.value(of: "remove", [.integer(id)]).boolean("value")
    } catch PostgresError.query(sqlState: "P0002", _, _) {
      throw JobError.noSuchJob(id)
    } catch PostgresError.query(sqlState: "55006", _, _) {
      throw JobError.isRunning(id)
    }
  }

  private func steer(
    _ function: String, _ id: Int, _ more: [Parameter] = []
  ) throws -> JobState {
    do {
      let row = try database.value(of: function, [.integer(id)] + more)
      return try JobState(named: try row.text("value"))
    } catch PostgresError.query(sqlState: "P0002", _, _) {
      throw JobError.noSuchJob(id)
    }
  }

  // MARK: Decoder

  /// SQL for a superuser that makes the function by which the database itself reads payloads.
  package static var decoder: String {
    String(decoding: PackageResources.decoder_sql, as: UTF8.self)
  }

  /// Makes that function where it is missing and this role may; else leaves things as they are.
  /// - Throws: `PostgresError` when the server lacks what it needs, or the role the right.
  package func installDecoder() throws {
    do {
      try database.connection.execute(script: Self.decoder)
    } catch {
      try? database.connection.execute(script: "rollback")
      throw error
    }
  }

  /// - Throws: `PostgresError`
  package func hasDecoder() throws -> Bool {
    let sql = "select to_regprocedure('docproc.zstd_decode(bytea, bigint)') is not null as found"
    return try database.connection.query(sql).first?.boolean("found") ?? false
  }

  // MARK: Findings

  /// Looks for old snapshots, broken indexes, a schema changed by hand, dead workers, stuck jobs
  /// and clocks that differ.
  /// - Throws: `PostgresError`
  package func findings() throws -> [Finding] {
    try seen("jobs and workers") { try findings(of: PackageResources.findings_sql) }
      + seen("tenants") { try findings(of: PackageResources.tenant_findings_sql) }
      + seen("the schema") { try schemaFindings() } + clockFindings()
  }

  /// What a role may not look at is said, and the rest is looked at.
  private func seen(_ what: String, _ body: () throws -> [Finding]) throws -> [Finding] {
    do {
      return try body()
    } catch PostgresError.query(sqlState: "42501", _, _) {
      return [
        Finding(
          check: "rights", level: .warning, found: "this role may not look at \(what)",
          remedy: "Run it as the schema's owner, or with docproc_reader and docproc_admin.")
      ]
    }
  }

  private func findings(of file: [UInt8]) throws -> [Finding] {
    try database.rows(of: file).map { row in
      Finding(
        check: try row.text("check"),
        level: Finding.Level(rawValue: try row.text("level")) ?? .problem,
        found: try row.text("found"),
        remedy: try row.text("remedy"))
    }
  }

  private func schemaFindings() throws -> [Finding] {
    let expected = Set(
      try database.connection.query("select line from docproc.schema_line").map {
        try $0.text("line")
      })
    let found = Set(
      try database.rows(of: PackageResources.schema_lines_sql).map { try $0.text("line") })
    let changes =
      expected.subtracting(found).map { "missing or changed: \($0)" }
      + found.subtracting(expected).map { "new or changed: \($0)" }

    return changes.sorted().prefix(Self.mostChanges).map { change in
      Finding(
        check: "schema", level: .problem, found: change,
        remedy:
          "Somebody changed the schema by hand: undo it. Functions, views and rights are restored "
          + "by: docproc db migrate --again"
      )
    }
  }

  /// Nothing depends on the hosts' clocks, but people who read logs do.
  private func clockFindings() throws -> [Finding] {
    let before = Date()
    let row = try database.connection.query(
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

extension JobDatabase {
  package var `operator`: Operator { Operator(self) }
}
