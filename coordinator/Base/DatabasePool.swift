import Foundation
import HTTPTypes
import Jobs
import Logging
import Postgres
import Synchronization

/// Connections to the database, each with a thread of its own: libpq blocks, and the cooperative
/// pool must not.
final class DatabasePool: Sendable {
  /// Who waits for a connection, at most; more are told to come again.
  private static let mostWaiting = 5000

  private let url: String
  private let logger: Logger
  private let condition = NSCondition()
  private let state = Mutex(State())
  private let failures = Mutex(0)

  private struct State {
    var waiting: [@Sendable (inout JobDatabase?) -> Void] = []
    var first = 0
    var isClosed = false

    var count: Int { waiting.count - first }

    mutating func next() -> (@Sendable (inout JobDatabase?) -> Void)? {
      guard first < waiting.count else { return nil }
      defer {
        first += 1
        if first > 1000, first * 2 > waiting.count {
          waiting.removeFirst(first)
          first = 0
        }
      }
      return waiting[first]
    }
  }

  /// - Parameter threads: connections, at most.
  init(url: String, threads: Int, logger: Logger) {
    self.url = url
    self.logger = logger
    for number in 0..<threads {
      let thread = Thread { [self] in work() }
      thread.name = "database-\(number)"
      thread.stackSize = 4 << 20
      thread.start()
    }
  }

  /// Errors of the database since the start.
  var errorCount: Int { failures.withLock { $0 } }

  func close() {
    state.withLock { $0.isClosed = true }
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }

  private func work() {
    var database: JobDatabase?
    while true {
      condition.lock()
      var (job, isClosed) = taken()
      while job == nil, !isClosed {
        condition.wait()
        (job, isClosed) = taken()
      }
      condition.unlock()
      guard let job else { return }
      job(&database)
    }
  }

  private func taken() -> ((@Sendable (inout JobDatabase?) -> Void)?, Bool) {
    state.withLock { ($0.next(), $0.isClosed) }
  }

  /// Runs a body for a tenant, in one transaction.
  /// - Throws: `APIError` where too many wait; what the body throws.
  func run<Result: Sendable>(
    for tenant: String, _ body: @escaping @Sendable (TenantSession) throws -> Result
  ) async throws -> Result {
    try await with { [self] database in
      let session: TenantSession
      do {
        session = try connected(&database).begin(for: tenant)
      } catch PostgresError.unreachable {
        // Nothing was done yet: a connection that was cut while nobody used it is no error.
        database = nil
        session = try connected(&database).begin(for: tenant)
      }
      return try session.database.finishing(session, body)
    }
  }

  /// Runs a body for nobody in particular, without a transaction; it is to be one that may be
  /// repeated.
  func run<Result: Sendable>(
    _ body: @escaping @Sendable (JobDatabase) throws -> Result
  ) async throws -> Result {
    try await with { [self] database in
      do {
        return try body(connected(&database))
      } catch PostgresError.unreachable {
        database = nil
        return try body(connected(&database))
      }
    }
  }

  private func connected(_ database: inout JobDatabase?) throws -> JobDatabase {
    if let open = database, !open.connection.isBroken { return open }
    let new = try JobDatabase(url: url)
    database = new
    return new
  }

  private func with<Result: Sendable>(
    _ body: @escaping @Sendable (inout JobDatabase?) throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let isTaken = state.withLock { state in
        guard !state.isClosed, state.count < Self.mostWaiting else { return false }
        state.waiting.append { [self] database in
          do {
            continuation.resume(returning: try body(&database))
          } catch {
            note(error, &database)
            continuation.resume(throwing: error)
          }
        }
        return true
      }
      guard isTaken else {
        return continuation.resume(
          throwing: APIError(
            .serviceUnavailable, "Too many requests wait for the database.", type: "server_error",
            code: "unavailable", retryAfter: 2))
      }
      condition.lock()
      condition.signal()
      condition.unlock()
    }
  }

  private func note(_ error: any Error, _ database: inout JobDatabase?) {
    guard let error = error as? PostgresError else { return }
    if case .unreachable = error { database = nil }
    // Refusals of what a client asked for are no errors of the database.
    if case .query(let state, _, _) = error, ["P0002", "23514", "22023", "54000"].contains(state) {
      return
    }
    failures.withLock { $0 += 1 }
    logger.error("database error", metadata: ["error": "\(error)"])
  }
}

/// Work that blocks for long and has nothing to do with the database's connections.
final class BlockingQueue: Sendable {
  private let queue: OperationQueue

  init(_ name: String, width: Int) {
    queue = OperationQueue()
    queue.name = name
    queue.maxConcurrentOperationCount = width
  }

  func run<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      queue.addOperation { continuation.resume(with: Swift.Result { try body() }) }
    }
  }
}
