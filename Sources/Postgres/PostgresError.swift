/// What went wrong between this program and Postgres.
public enum PostgresError: Error, Equatable, CustomStringConvertible {
  case unreachable(String)
  case query(sqlState: String, message: String, hint: String?)
  case unexpectedResult(String)
  case neverMigrated
  case outdatedDatabase(version: Int, known: Int)
  case newerDatabase(version: Int, known: Int)

  /// True for what passes by itself: outages, deadlocks, full disks, shutdowns (SQLSTATE
  /// classes 40, 53, 55, 57 and 58).
  public var isTransient: Bool {
    switch self {
    case .unreachable: true
    case .query(let state, _, _): ["40", "53", "55", "57", "58"].contains(String(state.prefix(2)))
    default: false
    }
  }

  public var description: String {
    switch self {
    case .unreachable(let reason): "cannot reach the database: \(reason)"
    case .query(let state, let message, let hint): "the database refused (\(state)): \(message)" + (hint.map { ". \($0)" } ?? "")
    case .unexpectedResult(let what): "the database answered unexpectedly: \(what)"
    case .neverMigrated: "the database has no docproc schema; run: docproc db migrate"
    case .outdatedDatabase(let version, let known):
      "the database's schema is version \(version), this program needs \(known); run: docproc db migrate"
    case .newerDatabase(let version, let known):
      "the database's schema is version \(version), newer than this program's \(known); install a newer docproc"
    }
  }
}
