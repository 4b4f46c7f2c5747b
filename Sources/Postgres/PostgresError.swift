/// What went wrong between this program and Postgres.
public enum PostgresError: Error, Equatable, CustomStringConvertible {
  case unreachable(String)
  case query(sqlState: String, message: String, hint: String?)
  case unexpectedResult(String)
  case neverMigrated
  case outdatedDatabase(version: Int, known: Int)
  case newerDatabase(version: Int, known: Int)

  /// True for what passes by itself: outages, deadlocks, full disks, shutdowns (SQLSTATE
  /// classes 08, 40, 53, 55, 57 and 58), and a server that became a standby (25006).
  public var isTransient: Bool {
    switch self {
    case .unreachable: true
    case .query(let state, _, _):
      state == "25006" || ["08", "40", "53", "55", "57", "58"].contains(String(state.prefix(2)))
    default: false
    }
  }

  /// True when the server will never take these values (SQLSTATE classes 22, 23 and 54).
  public var refusesValues: Bool {
    switch self {
    case .query(let state, _, _): ["22", "23", "54"].contains(String(state.prefix(2)))
    default: false
    }
  }

  /// True when the connection is of no more use: it broke, the server ends it, or it became a
  /// standby.
  public var endsConnection: Bool {
    switch self {
    case .unreachable: true
    case .query(let state, _, _):
      state == "25006" || state.hasPrefix("08") || state.hasPrefix("57P0")
    default: false
    }
  }

  public var description: String {
    switch self {
    case .unreachable(let reason): "cannot reach the database: \(reason)"
    case .query(let state, let message, let hint):
      "the database refused (\(state)): \(message)" + (hint.map { ". \($0)" } ?? "")
    case .unexpectedResult(let what): "the database answered unexpectedly: \(what)"
    case .neverMigrated: "the database has no docproc schema; run: docproc db migrate"
    case .outdatedDatabase(let version, let known):
      "the database's schema is version \(version), this program needs \(known); run: docproc db "
        + "migrate"
    case .newerDatabase(let version, let known):
      "the database's schema is version \(version), newer than this program's \(known); install "
        + "a newer docproc"
    }
  }
}
