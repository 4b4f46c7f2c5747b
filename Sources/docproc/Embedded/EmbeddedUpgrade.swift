import Foundation
import Host
import Jobs
import Postgres

/// The embedded cluster, brought to another major version of Postgres: dumped from a server of the
/// old one into a server of the new one, and put in its place once both hold the same.
extension EmbeddedPostgres {
  struct Upgrade: Encodable {
    let from: Int
    let to: Int
    /// Where the old cluster stays.
    let old: String
  }

  /// Of the new server while both run, in the same socket directory.
  private static let newPort = 5433

  /// - Parameter wanted: a major version that is installed; the newest where it is nil.
  /// - Returns: nil where the cluster has that version already.
  /// - Throws: `UserError`; the old cluster then is as it was.
  func upgrade(to wanted: Int?, note: (String) -> Void) throws -> Upgrade? {
    try withLock {
      guard let from = version.flatMap({ Int($0) }) else {
        throw UserError("there is no embedded database yet; docproc up makes one")
      }
      guard let to = wanted ?? PostgresPrograms.versions.first,
        let programs = PostgresPrograms.directory(version: String(to))
      else {
        let name = wanted.map { "postgresql-\($0)" } ?? "postgresql"
        throw UserError("that Postgres is not installed; run: apt-get install \(name)")
      }
      guard to >= from else {
        throw UserError("the database is of Postgres \(from): it cannot go back to \(to)")
      }
      if to == from { return nil }
      let kept = "\(data).\(from)"
      guard !FileManager.default.fileExists(atPath: kept) else {
        throw UserError("\(kept) is there from an earlier upgrade: move it away first")
      }
      try move(to: programs, keeping: kept, note: note)
      return Upgrade(from: from, to: to, old: kept)
    }
  }

  private func move(to programs: String, keeping kept: String, note: (String) -> Void) throws {
    let unfinished = data + ".new"
    try create(in: unfinished, programs: programs)
    if try !isRunning() { try start() }
    note("copying the database from one server to the other")
    do {
      let ports = ["-o", "-p \(Self.newPort)"]
      let made = try run(
        "pg_ctl", ["start", "-w", "-t", "60", "-D", unfinished, "-l", log] + ports, in: programs)
      guard made.status == 0 else {
        throw UserError("the new Postgres did not start; see \(log). \(made.error)")
      }
      try copy()
      let stopped = try run("pg_ctl", ["stop", "-w", "-m", "fast", "-D", unfinished], in: programs)
      guard stopped.status == 0 else {
        throw UserError("the new Postgres did not stop: \(stopped.error)")
      }
    } catch {
      _ = try? run("pg_ctl", ["stop", "-w", "-m", "immediate", "-D", unfinished], in: programs)
      try? FileManager.default.removeItem(atPath: unfinished)
      _ = try? start()
      try? JobDatabase(url: url).operator.installDecoder()
      throw error
    }
    try FileManager.default.moveItem(atPath: data, toPath: kept)
    do {
      try FileManager.default.moveItem(atPath: unfinished, toPath: data)
    } catch {
      try FileManager.default.moveItem(atPath: kept, toPath: data)
      throw error
    }
    try start()
  }

  /// Copies all, and stops the old server: nobody has written to it meanwhile.
  private func copy() throws {
    let old = try Connection(url: url)
    let others = try old.query(
      """
      select application_name from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid()
      """)
    guard others.isEmpty else {
      throw UserError(
        "\(others.count) other connections are open to the database: stop workers with docproc "
          + "down, and leave psql")
    }
    // Made by docproc, and made anew afterwards: the new server may lack what it needs.
    try old.execute(
      script: """
        drop function if exists docproc.zstd_decode(bytea, bigint);
        drop extension if exists plpython3u
        """)
    let tables = try self.tables(old)
    // Whoever comes meanwhile may read; who would write waits until the server stops.
    let locked = tables.map { "docproc.\($0)" }.joined(separator: ", ")
    try old.execute(
      script:
        "set idle_in_transaction_session_timeout = 0; begin; lock table \(locked) in share mode"
    )
    let port = "&port=\(Self.newPort)"
    try dump(into: try Connection(url: url.replacing("/docproc?", with: "/postgres?") + port))
    let new = try Connection(url: url + port)
    let here = try counts(tables, old)
    let there = try counts(tables, new)
    guard here == there else {
      throw UserError("the copy differs from the database: \(there) rows instead of \(here)")
    }
    // The same database in another cluster, not a copy of it.
    try new.execute(
      script: """
        update docproc.setting set value =
          (select system_identifier::text from pg_control_system())
            || '/' || (select oid::text from pg_database where datname = current_database())
        where name = 'home' and value <> ''
        """)
    guard try stop() else { throw UserError("the old Postgres did not stop; see \(log)") }
  }

  /// Roles, and all that is in the database, through a pipe. All of it by the old version's
  /// programs: its latest minor version writes what an early one of the new does not understand.
  private func dump(into new: Connection) throws {
    let script = """
      set -o pipefail
      pg() { "$1/pg_$2" -h "$3" -U "$4" "${@:5}"; }
      into() { "$1/psql" -X -q -o /dev/null -v ON_ERROR_STOP=1 -h "$2" -p "$3" -U "$4" postgres; }
      pg "$1" dumpall "$2" "$4" --globals-only | grep -v "^CREATE ROLE $4;" \\
        | into "$1" "$2" "$3" "$4" &&
      pg "$1" dump "$2" "$4" --create docproc "${@:5}" | into "$1" "$2" "$3" "$4"
      """
    let compression = try JobDatabase.migrator.hasLZ4(new) ? [] : ["--no-toast-compression"]
    let words = [try binaries(), socket, "\(Self.newPort)", Self.role] + compression
    let result = try asOwner(
      "/bin/bash", ["-c", script, "upgrade"] + words)
    guard result.status == 0 else { throw UserError("the copy failed: \(result.error)") }
  }

  /// Of the schema, ready to stand in SQL.
  private func tables(_ connection: Connection) throws -> [String] {
    try connection.query(
      """
      select quote_ident(relname) as name from pg_class
      where relnamespace = 'docproc'::regnamespace and relkind = 'r'
      """
    ).map { try $0.text("name") }
  }

  /// Rows of each.
  private func counts(_ tables: [String], _ connection: Connection) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for table in tables {
      let rows = try connection.query("select count(*) as count from docproc.\(table)")
      counts[table] = try rows.first?.integer("count")
    }
    return counts
  }

  /// Ends an upgrade that was cut short between its two renames.
  func finishUpgrade() throws {
    let manager = FileManager.default
    guard version == nil else { return }
    let names = (try? manager.contentsOfDirectory(atPath: home)) ?? []
    guard let kept = names.filter({ $0.hasPrefix("data.") && Int($0.dropFirst(5)) != nil }).max()
    else { return }
    guard manager.fileExists(atPath: data + ".new/PG_VERSION") else {
      throw UserError(
        "there is no database in \(data), but an earlier one in \(home)/\(kept): rename it to "
          + "\(data), or move it away for a new one")
    }
    try manager.moveItem(atPath: data + ".new", toPath: data)
  }
}
