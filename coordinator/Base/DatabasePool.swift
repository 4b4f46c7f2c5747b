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

  private typealias Work = @Sendable (inout JobDatabase?) -> Void

  private struct State {
    /// Single queries: who only looks does not wait behind those that order.
    var quick = Line()
    var other = Line()
    var isClosed = false

    var count: Int { quick.count + other.count }

    /// - Parameter isForQuick: true for a thread that does nothing else.
    mutating func next(isForQuick: Bool) -> Work? {
      quick.next() ?? (isForQuick ? nil : other.next())
    }
  }

  /// Who comes first is served first.
  private struct Line {
    private var waiting: [Work?] = []
    private var first = 0

    var count: Int { waiting.count - first }

    mutating func append(_ work: @escaping Work) { waiting.append(work) }

    mutating func next() -> Work? {
      guard first < waiting.count else { return nil }
      defer {
        // What was done lets go of what it held.
        waiting[first] = nil
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
      let isForQuick = number == 0 && threads > 1
      let thread = Thread { [self] in work(isForQuick: isForQuick) }
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

  private func work(isForQuick: Bool) {
    var database: JobDatabase?
    while true {
      condition.lock()
      var (job, isClosed) = taken(isForQuick)
      while job == nil, !isClosed {
        condition.wait()
        (job, isClosed) = taken(isForQuick)
      }
      condition.unlock()
      guard let job else { return }
      job(&database)
    }
  }

  private func taken(_ isForQuick: Bool) -> (Work?, Bool) {
    state.withLock { ($0.next(isForQuick: isForQuick), $0.isClosed) }
  }

  /// Runs a body for a tenant, in one transaction.
  /// - Parameter asksOnce: true for a body that makes one query, which is then one message.
  /// - Throws: `APIError` where too many wait; what the body throws.
  func run<Result: Sendable>(
    for tenant: String, asksOnce: Bool = false,
    _ body: @escaping @Sendable (TenantSession) throws -> Result
  ) async throws -> Result {
    try await with(isQuick: asksOnce) { [self] database in
      let first = try connected(&database)
      var isBegun = false
      do {
        return try first.acting(for: tenant, asksOnce: asksOnce) { session in
          defer { isBegun = !session.database.connection.isBeginPending }
          return try body(session)
        }
      } catch PostgresError.unreachable where !isBegun {
        // Nothing was done yet: a connection that was cut while nobody used it is no error.
        database = nil
        return try connected(&database).acting(for: tenant, asksOnce: asksOnce, body)
      }
    }
  }

  /// Runs a body for nobody in particular, without a transaction; it is to be one that may be
  /// repeated.
  func run<Result: Sendable>(
    _ body: @escaping @Sendable (JobDatabase) throws -> Result
  ) async throws -> Result {
    try await with(isQuick: true) { [self] database in
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
    isQuick: Bool, _ body: @escaping @Sendable (inout JobDatabase?) throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let isTaken = state.withLock { state in
        guard !state.isClosed, state.count < Self.mostWaiting else { return false }
        let work: Work = { [self] database in
          do {
            continuation.resume(returning: try body(&database))
          } catch {
            note(error, &database)
            continuation.resume(throwing: error)
          }
        }
        if isQuick { state.quick.append(work) } else { state.other.append(work) }
        return true
      }
      guard isTaken else {
        return continuation.resume(
          throwing: APIError(
            .serviceUnavailable, "Too many requests wait for the database.", type: "server_error",
            code: "unavailable", retryAfter: 2))
      }
      condition.lock()
      // One of them may do only quick ones: it must not be the only one to hear.
      condition.broadcast()
      condition.unlock()
    }
  }

  private func note(_ error: any Error, _ database: inout JobDatabase?) {
    guard let error = error as? PostgresError else { return }
    if case .unreachable = error { database = nil }
    // Refusals of what a client asked for are no errors of the database.
    if APIError(error).status.kind == .clientError { return }
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
