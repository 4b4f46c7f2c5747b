import CPostgres
import Foundation

/// A value sent with a query, apart from its text.
public enum Parameter: Sendable {
  case null
  case text(String)
  case integer(Int)
  case boolean(Bool)
  case bytes([UInt8])
}

/// A row of a result: columns by name, null as nil.
public struct Row: Sendable {
  fileprivate let values: [String: String?]

  /// - Throws: `PostgresError.unexpectedResult` when there is no such column, or it is null.
  public func text(_ column: String) throws -> String {
    guard let value = try optionalText(column) else { throw PostgresError.unexpectedResult("\(column) is null") }
    return value
  }

  public func optionalText(_ column: String) throws -> String? {
    guard let value = values[column] else { throw PostgresError.unexpectedResult("there is no column \(column)") }
    return value
  }

  public func integer(_ column: String) throws -> Int {
    guard let value = Int(try text(column)) else { throw PostgresError.unexpectedResult("\(column) is no integer") }
    return value
  }

  public func boolean(_ column: String) throws -> Bool { try text(column) == "t" }

  /// A bytea column, in Postgres's hex form.
  public func bytes(_ column: String) throws -> [UInt8] {
    let hex = Array(try text(column).utf8.dropFirst(2))
    return try stride(from: 0, to: hex.count - 1, by: 2).map { index in
      guard let high = Self.digit(hex[index]), let low = Self.digit(hex[index + 1]) else {
        throw PostgresError.unexpectedResult("\(column) is no bytea")
      }
      return high << 4 | low
    }
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case 48...57: character - 48
    case 97...102: character - 87
    default: nil
    }
  }
}

/// A blocking libpq connection: for one thread at a time, never the cooperative pool's.
public final class Connection {
  private let handle: OpaquePointer

  /// - Parameter url: a connection URI or keyword string, as libpq takes them.
  /// - Throws: `PostgresError.unreachable` with libpq's reason.
  public init(url: String) throws {
    let names = ["dbname", "connect_timeout", "keepalives_idle", "tcp_user_timeout", "application_name", "client_encoding"]
    let settings = [url, "10", "30", "30000", "docproc", "UTF8"]
    let handle = Self.withCStrings(names) { names in
      Self.withCStrings(settings) { values in PQconnectdbParams(names, values, 1) }
    }
    guard let handle else { throw PostgresError.unreachable("no memory") }
    guard PQstatus(handle) == CONNECTION_OK else {
      defer { PQfinish(handle) }
      throw PostgresError.unreachable(Self.trimmed(PQerrorMessage(handle)))
    }
    self.handle = handle
    // Notices such as "schema exists, skipping" are not for the user.
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
  }

  deinit { PQfinish(handle) }

  /// True when libpq has seen the connection break.
  public var isBroken: Bool { PQstatus(handle) != CONNECTION_OK }

  /// Runs one statement with parameters $1, $2, ...
  /// - Throws: `PostgresError.query` with the server's state and message; `.unreachable` when the connection broke.
  @discardableResult
  public func query(_ sql: String, _ parameters: [Parameter] = []) throws -> [Row] {
    let encoded = parameters.map(Self.encode)
    // libpq would take the text up to there for the whole.
    if encoded.contains(where: { !$0.isBinary && $0.bytes?.contains(0) == true }) {
      throw PostgresError.unexpectedResult("Postgres holds no text with U+0000")
    }
    var lengths = encoded.map { Int32($0.bytes?.count ?? 0) }
    var formats = encoded.map { Int32($0.isBinary ? 1 : 0) }
    let storage = encoded.map { value -> UnsafeMutablePointer<CChar>? in
      guard let bytes = value.bytes else { return nil }
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
      for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
      copy[bytes.count] = 0
      return copy
    }
    defer { for pointer in storage { pointer?.deallocate() } }
    var values = storage.map { UnsafePointer($0) }
    let result = PQexecParams(handle, sql, Int32(parameters.count), nil, &values, &lengths, &formats, 0)
    defer { PQclear(result) }
    return try rows(of: result)
  }

  /// Runs several statements in one string, without parameters.
  public func execute(script: String) throws {
    let result = PQexec(handle, script)
    defer { PQclear(result) }
    _ = try rows(of: result)
  }

  private func rows(of result: OpaquePointer?) throws -> [Row] {
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return []
    case PGRES_TUPLES_OK: return Self.decode(result)
    default: throw error(of: result)
    }
  }

  private func error(of result: OpaquePointer?) -> PostgresError {
    if isBroken { return .unreachable(Self.trimmed(PQerrorMessage(handle))) }
    func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
    return .query(
      sqlState: field(Int32(UInt8(ascii: "C"))) ?? "?",
      message: field(Int32(UInt8(ascii: "M"))) ?? Self.trimmed(PQerrorMessage(handle)), hint: field(Int32(UInt8(ascii: "H"))))
  }

  private static func decode(_ result: OpaquePointer?) -> [Row] {
    let columns = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
    return (0..<PQntuples(result)).map { row in
      var values: [String: String?] = [:]
      for (index, name) in columns.enumerated() {
        let column = Int32(index)
        values[name] = .some(
          PQgetisnull(result, row, column) == 1
            ? nil
            : String(
              decoding: UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column))),
              as: UTF8.self))
      }
      return Row(values: values)
    }
  }

  private static func encode(_ parameter: Parameter) -> (bytes: [UInt8]?, isBinary: Bool) {
    switch parameter {
    case .null: (nil, false)
    case .text(let value): (Array(value.utf8), false)
    case .integer(let value): (Array(String(value).utf8), false)
    case .boolean(let value): (Array((value ? "t" : "f").utf8), false)
    case .bytes(let value): (value, true)
    }
  }

  private static func withCStrings<Result>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
  }

  private static func trimmed(_ message: UnsafePointer<CChar>?) -> String {
    message.map { String(cString: $0).trimmingCharacters(in: .whitespacesAndNewlines) } ?? "unknown error"
  }
}
