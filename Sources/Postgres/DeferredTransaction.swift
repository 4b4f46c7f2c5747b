import CPostgres

/// Transactions that begin with their first query, in one message: a round trip to the server is
/// what a small query costs most.
extension Connection {
  /// Where a deferred transaction stands.
  enum Deferred {
    case none
    /// These go with the next query.
    case waiting([EncodedQuery], endsWithNext: Bool)
    /// Its one query was made.
    case over
  }

  /// Begins a transaction with the next query.
  /// - Parameters:
  ///   - statements: that go before it.
  ///   - endsWithNext: true for a transaction of one query, which is committed with it.
  /// - Throws: `PostgresError.unexpectedResult`
  package func beginLater(
    _ statements: [(sql: String, parameters: [Parameter])], endsWithNext: Bool = false
  ) throws {
    let all = try [("begin", [])] + statements.map { ($0.sql, $0.parameters) }
    deferred = .waiting(try all.map { try EncodedQuery($0.0, $0.1) }, endsWithNext: endsWithNext)
  }

  /// True until the server has answered to the transaction's first query.
  package var isBeginPending: Bool {
    if case .waiting = deferred { return true }
    return false
  }

  /// Commits what `beginLater` began; nothing where nothing was asked.
  /// - Throws: `PostgresError`
  package func commitDeferred() throws {
    defer { deferred = .none }
    if case .none = deferred { try execute(script: "commit") }
  }

  /// Gives up what `beginLater` began.
  package func rollbackDeferred() {
    let isOpen = if case .none = deferred { true } else { false }
    deferred = .none
    if isOpen { _ = try? execute(script: "rollback") }
  }

  /// Sends statements in one message (libpq's pipeline mode); a failure of one is that of all behind
  /// it.
  /// - Parameter index: of the statement whose rows are wanted.
  /// - Throws: `PostgresError`
  func pipeline(_ queries: [EncodedQuery], rowsOf index: Int, binary: Bool) throws -> [Row] {
    guard PQenterPipelineMode(handle) == 1 else { throw broken }
    defer { PQexitPipelineMode(handle) }
    for (number, query) in queries.enumerated() {
      let isSent = query.withPointers { count, values, lengths, formats in
        PQsendQueryParams(
          handle, query.sql, count, nil, values, lengths, formats,
          binary && number == index ? 1 : 0)
      }
      guard isSent == 1 else { throw broken }
    }
    guard PQpipelineSync(handle) == 1 else { throw broken }

    var wanted: [Row] = []
    var failure: (any Error)?
    for number in queries.indices {
      while let result = PQgetResult(handle) {
        defer { PQclear(result) }
        // What was left out because of a failure before it is no failure of its own.
        if PQresultStatus(result) == PGRES_PIPELINE_ABORTED { continue }
        do {
          let rows = try rows(of: result, binary: binary && number == index)
          if number == index { wanted = rows }
        } catch {
          failure = failure ?? error
        }
      }
      if isBroken { break }
    }
    // The answer to the sync.
    while let result = PQgetResult(handle) {
      let isSync = PQresultStatus(result) == PGRES_PIPELINE_SYNC
      PQclear(result)
      if isSync || isBroken { break }
    }
    if let failure { throw failure }
    if isBroken { throw broken }
    return wanted
  }
}
