package import Postgres

/// The database on behalf of one tenant, in one transaction: for whoever holds an API key.
package struct TenantSession {
  package let database: JobDatabase
  package let tenant: String

  package var submitter: Submitter { database.submitter }
  package var `operator`: Operator { database.operator }

  func rows(_ sql: String, _ parameters: [Parameter] = [], binary: Bool = false) throws -> [Row] {
    try database.connection.query(sql, parameters, binary: binary)
  }

  func rows(from function: String, _ parameters: [Parameter]) throws -> [Row] {
    try database.rows(from: function, parameters)
  }

  func value(of function: String, _ parameters: [Parameter] = []) throws -> Row {
    try database.value(of: function, parameters)
  }
}

extension JobDatabase {
  /// Begins a transaction in which everything is the tenant's, whoever logged in: row security
  /// binds the role that it runs as. Nothing is sent before the first query.
  /// - Parameter asksOnce: true for a transaction of one query.
  /// - Throws: `PostgresError`
  package func begin(for tenant: String, asksOnce: Bool = false) throws -> TenantSession {
    try connection.beginLater(
      [
        ("set local role docproc_coordinator", []),
        ("select set_config('docproc.tenant', $1, true)", [.text(tenant)]),
      ], endsWithNext: asksOnce)
    return TenantSession(database: self, tenant: tenant)
  }

  /// Runs a body in such a transaction, which is rolled back when it throws.
  package func acting<Result>(
    for tenant: String, asksOnce: Bool = false, _ body: (TenantSession) throws -> Result
  ) throws -> Result {
    let session = try begin(for: tenant, asksOnce: asksOnce)
    do {
      let result = try body(session)
      try connection.commitDeferred()
      return result
    } catch {
      connection.rollbackDeferred()
      throw error
    }
  }
}
