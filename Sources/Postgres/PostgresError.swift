/// What went wrong between this program and Postgres.
package enum PostgresError: Error, Equatable, CustomStringConvertible {
  case unreachable(String)
  case query(sqlState: String, message: String, hint: String?)
  case unexpectedResult(String)
  case neverMigrated
  case outdatedDatabase(version: Int, known: Int)
  case newerDatabase(version: Int, known: Int)
  /// A step of the history has another text than when it was applied.
  case editedStep(version: Int, name: String)
  /// A file of a function, a view or the rights is no SQL, or names what is not there.
  case brokenObject(path: String, reason: String)

  /// True for what passes by itself: outages, deadlocks, full disks, shutdowns (SQLSTATE
  /// classes 08, 40, 53, 55, 57 and 58), and a server that became a standby (25006).
  package var isTransient: Bool {
    switch self {
    case .unreachable: true
    case .query(let state, _, _):
      state == "25006" || ["08", "40", "53", "55", "57", "58"].contains(String(state.prefix(2)))
    default: false
    }
  }

  /// True when the server will never take these values (SQLSTATE classes 22, 23 and 54).
  package var refusesValues: Bool {
    switch self {
    case .query(let state, _, _): ["22", "23", "54"].contains(String(state.prefix(2)))
    default: false
    }
  }

  /// True when the connection is of no more use: it broke, the server ends it, or it became a
  /// standby.
  package var endsConnection: Bool {
    switch self {
    case .unreachable: true
    case .query(let state, _, _):
      state == "25006" || state.hasPrefix("08") || state.hasPrefix("57P0")
    default: false
    }
  }

  package var description: String {
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
    case .editedStep(let version, let name):
      "step \(version) (\(name)) of the schema's history was edited after it was applied here; "
        + "restore its file, and put the change into a new step"
    case .brokenObject(let path, let reason):
      "migrations/\(path) cannot be applied: \(reason); nothing of the schema was changed"
    }
  }
}
