import CPostgres
import Foundation

/// A blocking libpq connection: for one thread at a time, never the cooperative pool's.
package final class Connection {
  let handle: OpaquePointer
  /// A transaction that begins with its first query.
  var deferred = Deferred.none

  /// - Parameter url: a connection URI or keyword string, as libpq takes them.
  /// - Throws: `PostgresError.unreachable` with libpq's reason.
  package init(url: String) throws {
    let url = url.trimmingCharacters(in: .whitespacesAndNewlines)  // files of secrets end a line
    let environment = ProcessInfo.processInfo.environment
    let defaults = Self.defaults(environment)
    // Later ones prevail: what PGOPTIONS says does.
    let options = [Self.limits, environment["PGOPTIONS"] ?? ""].joined(separator: " ")
    do {
      handle = try Self.connect(url, defaults + [("options", options)])
    } catch PostgresError.unreachable(let reason) where Self.refusesOptions(reason) {
      // Limits are then the server's, or the role's.
      handle = try Self.connect(url, defaults)
    }
    // Notices such as "schema exists, skipping" are not for the user.
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
  }

  /// What the URL does not say otherwise. A server that cannot be written to (a standby, or a
  /// primary that was demoted) is passed over; a peer that is gone is noticed after some 20 s.
  private static func defaults(_ environment: [String: String]) -> [(String, String)] {
    let settings = [
      ("connect_timeout", "10", "PGCONNECT_TIMEOUT"),
      ("target_session_attrs", "read-write", "PGTARGETSESSIONATTRS"),
      ("keepalives_idle", "10", nil), ("keepalives_interval", "3", nil),
      ("keepalives_count", "3", nil), ("tcp_user_timeout", "20000", nil),
      ("fallback_application_name", "docproc", nil), ("client_encoding", "UTF8", nil),
    ]
    // Given here they would prevail over the variable that libpq reads.
    return settings.filter { $0.2.map { environment[$0] == nil } ?? true }.map { ($0.0, $0.1) }
  }

  /// PgBouncer takes no options, and Amazon's RDS Proxy none either.
  private static func refusesOptions(_ reason: String) -> Bool {
    reason.contains("unsupported startup parameter") || reason.contains("command-line options")
  }

  /// No statement, lock or forgotten transaction of this program holds others up for long, and none is
  /// worth compiling.
  private static let limits =
    "-c statement_timeout=120s -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s "
    + "-c jit=off"

  private static func connect(_ url: String, _ settings: [(String, String)]) throws -> OpaquePointer
  {
    // Later ones prevail: the URL comes last.
    let all = settings + [("dbname", url)]
    let handle = withCStrings(all.map(\.0)) { names in
      withCStrings(all.map(\.1)) { values in PQconnectdbParams(names, values, 1) }
    }
    guard let handle else { throw PostgresError.unreachable("no memory") }
    guard PQstatus(handle) == CONNECTION_OK else {
      defer { PQfinish(handle) }
      throw PostgresError.unreachable(trimmed(PQerrorMessage(handle)))
    }

    return handle
  }

  deinit { PQfinish(handle) }

  /// Asks for notifications. Behind a pooler that lends connections by transaction none come.
  /// - Throws: `PostgresError`
  package func listen(_ channels: String...) throws {
    for channel in channels { try execute(script: "listen \(channel)") }
  }

  /// Wants no more of these; those that have come are forgotten.
  /// - Throws: `PostgresError`
  package func unlisten(_ channel: String) throws {
    try execute(script: "unlisten \(channel)")
    _ = takeNotifications()
  }

  /// Waits for notifications of the channels that were listened to, and forgets them.
  /// - Parameter alarm: a descriptor that ends the wait when it becomes readable.
  /// - Returns: true when one came, false when the time was over or the alarm rang.
  /// - Throws: `PostgresError.unreachable` when the connection broke.
  @discardableResult
  package func waitForNotification(seconds: Double, alarm: Int32 = -1) throws -> Bool {
    if takeNotifications() { return true }

    var descriptors = [PQsocket(handle), alarm].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    _ = poll(&descriptors, 2, Int32(seconds * 1000))
    guard PQconsumeInput(handle) == 1 else {
      throw PostgresError.unreachable(Self.trimmed(PQerrorMessage(handle)))
    }

    return takeNotifications()
  }

  private func takeNotifications() -> Bool {
    var any = false
    while let notification = PQnotifies(handle) {
      PQfreemem(notification)
      any = true
    }
    return any
  }

  /// True when libpq has seen the connection break.
  package var isBroken: Bool { PQstatus(handle) != CONNECTION_OK }

  /// Runs one statement with parameters $1, $2, ...
  /// - Parameter binary: gets all columns as the server holds them: large bytea columns without a detour
  ///   through text.
  /// - Throws: `PostgresError.query` with the server's state and message; `.unreachable` when the
  ///   connection broke.
  @discardableResult
  package func query(_ sql: String, _ parameters: [Parameter] = [], binary: Bool = false) throws
    -> [Row]
  {
    let query = try EncodedQuery(sql, parameters)
    switch deferred {
    case .none: break
    case .over:
      throw PostgresError.unexpectedResult("a transaction of one query has a second one")
    case .waiting(let before, let endsWithNext):
      let after = endsWithNext ? [try EncodedQuery("commit", [])] : []
      do {
        let rows = try pipeline(
          before + [query] + after, rowsOf: before.count, binary: binary)
        deferred = endsWithNext ? .over : .none
        return rows
      } catch {
        // The server has it, and it failed: there is something to roll back.
        if !isBroken { deferred = .none }
        throw error
      }
    }
    let result = query.withPointers { count, values, lengths, formats in
      PQexecParams(handle, sql, count, nil, values, lengths, formats, binary ? 1 : 0)
    }
    defer { PQclear(result) }

    return try rows(of: result, binary: binary)
  }

  /// Runs several statements in one string, without parameters.
  package func execute(script: String) throws {
    let result = PQexec(handle, script)
    defer { PQclear(result) }
    _ = try rows(of: result)
  }

  /// Runs a body in a transaction, which is rolled back when it throws.
  package func transaction<Result>(_ body: () throws -> Result) throws -> Result {
    try execute(script: "begin")
    do {
      let result = try body()
      try execute(script: "commit")
      return result
    } catch {
      _ = try? execute(script: "rollback")
      throw error
    }
  }

  func rows(of result: OpaquePointer?, binary: Bool = false) throws -> [Row] {
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return []
    case PGRES_TUPLES_OK: return Self.decode(result, binary)
    default: throw error(of: result)
    }
  }

  /// What libpq says of a connection that broke.
  var broken: PostgresError { .unreachable(Self.trimmed(PQerrorMessage(handle))) }

  private func error(of result: OpaquePointer?) -> PostgresError {
    func field(_ code: Int32) -> String? {
      PQresultErrorField(result, code).map { String(cString: $0) }
    }
    // Only the server gives a state: what has none is libpq's own, about a connection that broke.
    guard !isBroken, let state = field(Int32(UInt8(ascii: "C"))) else {
      return broken
    }
    return .query(
      sqlState: state,
      message: field(Int32(UInt8(ascii: "M"))) ?? Self.trimmed(PQerrorMessage(handle)),
      hint: field(Int32(UInt8(ascii: "H"))))
  }

  private static func decode(_ result: OpaquePointer?, _ binary: Bool) -> [Row] {
    let columns = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
    return (0..<PQntuples(result)).map { row in
      var values: [String: [UInt8]?] = [:]
      for (index, name) in columns.enumerated() {
        let column = Int32(index)
        values[name] = .some(
          PQgetisnull(result, row, column) == 1
            ? nil
            : Array(
              UnsafeRawBufferPointer(
                start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column))
              )))
      }
      return Row(values, isBinary: binary)
    }
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
  }

  private static func trimmed(_ message: UnsafePointer<CChar>?) -> String {
    message.map { String(cString: $0).trimmingCharacters(in: .whitespacesAndNewlines) }
      ?? "unknown error"
  }
}
