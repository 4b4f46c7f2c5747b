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
  /// binds the role that it runs as.
  /// - Throws: `PostgresError`; `.query` with 42501 where this login may not act for tenants.
  package func begin(for tenant: String) throws -> TenantSession {
    let name = tenant.replacing("'", with: "''")
    do {
      try connection.execute(
        script: """
          begin; set local role docproc_coordinator; \
          set local standard_conforming_strings = on; set local docproc.tenant = '\(name)'
          """)
    } catch {
      _ = try? connection.execute(script: "rollback")
      throw error
    }
    return TenantSession(database: self, tenant: tenant)
  }

  /// Runs a body in such a transaction, which is rolled back when it throws.
  package func acting<Result>(
    for tenant: String, _ body: (TenantSession) throws -> Result
  ) throws -> Result {
    try finishing(try begin(for: tenant), body)
  }

  /// - Parameter session: that has just begun.
  package func finishing<Result>(
    _ session: TenantSession, _ body: (TenantSession) throws -> Result
  ) throws -> Result {
    do {
      let result = try body(session)
      try connection.execute(script: "commit")
      return result
    } catch {
      _ = try? connection.execute(script: "rollback")
      throw error
    }
  }
}
