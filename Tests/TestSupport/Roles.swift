package import Jobs
package import Postgres

/// Tests play all roles over one connection.
extension PostgresWorkerQueue {
  package var jobs: Submitter { database.submitter }
  package var steering: Operator { database.operator }
  package var connection: Connection { database.connection }
}
