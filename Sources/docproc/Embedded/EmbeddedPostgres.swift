import Foundation
import Host
import Jobs
import Postgres

/// A private Postgres cluster under the data directory, made of the system's own
/// binaries, reachable only through a unix socket that its owner may open.
struct EmbeddedPostgres {
  static let role = "docproc"
  /// The system user that owns the cluster when docproc runs as root, whom Postgres refuses.
  private static let unprivilegedUser = "postgres"
  private static let longestSocketPath = 100

  let home = DataHome.path + "/postgres"
  var data: String { home + "/data" }
  var socket: String { home + "/run" }
  var log: String { home + "/log" }
  private var isRoot: Bool { getuid() == 0 }

  /// The connection URL, whether or not the server runs.
  var url: String {
    let host = socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? socket
    return "postgresql:///docproc?host=\(host)&user=\(Self.role)"
  }

  /// Makes the cluster if there is none, starts it if it does not run, and migrates it.
  /// - Throws: `UserError` with what to install or look at.
  func ensureRunning() throws {
    try prepareDirectories()
    try withLock {
      try finishUpgrade()
      if version == nil {
        try create(in: data + ".new", programs: try binaries())
        try FileManager.default.moveItem(atPath: data + ".new", toPath: data)
      }
      LogFile.rotate(log)
      if try !isRunning() { try start() }
      try prepareDatabase()
    }
  }

  /// With little room left Postgres fails in words that do not say so.
  private static let leastFree: UInt = 8 << 20

  /// - Throws: what the body throws; with a word about the disk where that is full.
  func explaining<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      var disk = statvfs()
      guard statvfs(data, &disk) == 0, disk.f_bavail * disk.f_frsize < Self.leastFree else {
        throw error
      }
      throw UserError("the disk of \(home) is full: free some space, and try again. \(error)")
    }
  }

  func isRunning() throws -> Bool {
    guard version != nil else { return false }
    return try run("pg_ctl", ["status", "-D", data]).status == 0
  }

  /// - Returns: false when it did not run.
  func stop() throws -> Bool {
    guard try isRunning() else { return false }
    let result = try run("pg_ctl", ["stop", "-w", "-m", "fast", "-D", data])
    guard result.status == 0 else { throw UserError("Postgres did not stop: \(result.error)") }
    return true
  }

  private func prepareDirectories() throws {
    guard (socket + "/.s.PGSQL.5432").utf8.count <= Self.longestSocketPath else {
      throw UserError(
        "the path \(socket) is too long for a unix socket; set DOCPROC_HOME to a shorter one")
    }

    for directory in [home, socket] {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      if isRoot, let owner = getpwnam(Self.unprivilegedUser) {
        chown(directory, owner.pointee.pw_uid, owner.pointee.pw_gid)
      }
    }

    chmod(socket, 0o700)
  }

  /// Made aside, to be renamed: a cluster that was cut short is never taken for a whole one.
  func create(in unfinished: String, programs: String) throws {
    try? FileManager.default.removeItem(atPath: unfinished)
    let result = try run(
      "initdb",
      ["-D", unfinished, "-U", Self.role, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
      in: programs)
    guard result.status == 0 else {
      throw UserError(
        "initdb failed: "
          + "\(result.error)\(isRoot ? " (the user postgres must be able to enter \(home))" : "")"
      )
    }
    let settings = """

      # docproc: reachable through the socket alone, whose directory only the owner may enter
      listen_addresses = ''
      unix_socket_directories = '\(socket.replacingOccurrences(of: "'", with: "''"))'
      # small documents by the hundred fill a log faster than it is ever read again
      max_wal_size = 128MB
      wal_compression = on
      """
    let file = unfinished + "/postgresql.conf"
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(settings.utf8))
    try handle.close()
  }

  func start() throws {
    let result = try run("pg_ctl", ["start", "-w", "-t", "60", "-D", data, "-l", log])
    guard result.status == 0 else {
      throw UserError("Postgres did not start; see \(log). \(result.error)")
    }
  }

  private func prepareDatabase() throws {
    let host = socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? socket
    let server = try Connection(url: "postgresql:///postgres?host=\(host)&user=\(Self.role)")
    if try server.query("select from pg_database where datname = 'docproc'").isEmpty {
      try server.query("create database docproc")
    }
    let outcome = try JobDatabase.migrate(try Connection(url: url))
    // It is the user's own server; without the decoder docproc result still reads all.
    if !outcome.steps.isEmpty { try? JobDatabase(url: url).operator.installDecoder() }
  }

  /// One docproc at a time makes or starts the cluster.
  func withLock<Result>(_ body: () throws -> Result) throws -> Result {
    let descriptor = open(DataHome.path + "/postgres.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else {
      throw UserError("cannot lock \(DataHome.path)")
    }
    defer { close(descriptor) }
    return try body()
  }

  /// Runs one of Postgres's programs, of the cluster's version where no directory is named.
  func run(
    _ program: String, _ arguments: [String], in directory: String? = nil
  ) throws -> Command.Result {
    try asOwner(try (directory ?? binaries()) + "/" + program, arguments)
  }

  /// Runs a program as the cluster's owner: Postgres refuses root.
  func asOwner(_ path: String, _ arguments: [String]) throws -> Command.Result {
    guard isRoot else { return try Command.run(path, arguments, directory: "/") }
    guard getpwnam(Self.unprivilegedUser) != nil else {
      throw UserError(
        "Postgres refuses to run as root and there is no user \(Self.unprivilegedUser); run "
          + "docproc as another user, or name a server with --database"
      )
    }

    return try Command.run(
      "setpriv",
      [
        "--reuid=\(Self.unprivilegedUser)", "--regid=\(Self.unprivilegedUser)", "--init-groups",
        path,
      ] + arguments, directory: "/")
  }

  /// The major version that made the cluster; nil where there is none.
  var version: String? {
    try? String(contentsOfFile: data + "/PG_VERSION", encoding: .utf8)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The directory of the programs that fit the cluster; for a new one of the newest.
  func binaries() throws -> String {
    let made = version
    if let found = PostgresPrograms.directory(version: made) { return found }
    guard let made else {
      throw UserError(
        "no Postgres server is installed; run: apt-get install postgresql, or name a server with "
          + "--database")
    }
    throw UserError(
      "the database in \(data) was made by Postgres \(made), which is not installed any more; run: "
        + "apt-get install postgresql-\(made); docproc db upgrade then brings it to a newer version"
    )
  }
}
