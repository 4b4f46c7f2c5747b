package import Jobs
package import Postgres

/// Tests play all roles over one connection.
extension PostgresWorkerQueue {
  package var jobs: Submitter { database.submitter }
  package var steering: Operator { database.operator }
  package var connection: Connection { database.connection }
}

extension TestCluster {
  /// A cluster with login roles that submit and read, each a tenant of its own.
  package convenience init(tenants: [String]) throws {
    try self.init()
    let roles = tenants.map {
      "create role \($0) login; grant docproc_submitter, docproc_reader to \($0);"
    }
    try Connection(url: url).execute(script: roles.joined())
  }
}

extension Connection {
  /// Drops all months of events, as in a database whose upkeep was never done.
  package func dropMonths() throws {
    try execute(
      script: """
        do $$ declare p record; begin
          for p in select partition from docproc.event_bounds() loop
            execute format('drop table %s', p.partition);
          end loop; end $$
        """)
  }

  /// Adds a month that any retention has left behind.
  package func addOldMonth() throws {
    try execute(
      script: """
        create table docproc.event_2020_02 partition of docproc.event
          for values from ('2020-02-01 00:00+00') to ('2020-03-01 00:00+00')
        """)
  }
}
