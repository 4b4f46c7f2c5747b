import Foundation
import Jobs
import Migrations
import Postgres
import TestSupport
import Testing

/// A schema that came about step by step, with jobs in it, is the one that a fresh database gets.
@Suite(.serialized) struct MigrationTests {
  private static let cluster = Result { try TestCluster() }
  /// The last version before fleets.
  private static let early = 4

  private func database(_ name: String) throws -> (url: String, connection: Connection) {
    let cluster = try Self.cluster.get()
    let main = try Connection(url: cluster.url)
    try main.execute(script: "drop database if exists \(name)")
    try main.execute(script: "create database \(name)")
    let url = cluster.url.replacingOccurrences(of: "/docproc?", with: "/\(name)?")
    return (url, try Connection(url: url))
  }

  private func lines(_ connection: Connection) throws -> [String] {
    try connection.query("select line from docproc.schema_line order by line").map {
      try $0.text("line")
    }
  }

  @Test func jobsOutliveTheMigrationAndTheSchemaIsTheFreshOne() throws {
    let (url, connection) = try database("grown")
    let steps = Migrations.all.prefix(Self.early).map {
      Migrator.Step(version: $0.version, name: $0.name, sql: $0.sql, isBreaking: true)
    }
    #expect(try Migrator(steps).migrate(connection).count == Self.early)
    try connection.execute(
      script: """
        select docproc.submit('waiting', 'Some text.', '[]', 'summarize', null, 'm');
        select docproc.submit('running', 'Some text.', '[]', 'ask', 'Who?', 'm', 5);
        select docproc.register_worker('00000000-0000-0000-0000-000000000001', 'w', 'h', 1);
        select docproc.claim('00000000-0000-0000-0000-000000000001', '{m}');
        select docproc.cancel(2);
        select docproc.submit('cancelled', 'Some text.', '[]', 'summarize', null, 'm');
        select docproc.cancel(3);
        """)
    #expect(try JobQueue.migrate(connection) == Migrations.all.dropFirst(Self.early).map(\.version))
    let queue = try JobQueue(url: url)
    #expect(try queue.list(limit: 9).map(\.state) == ["cancelled", "running", "available"])
    let fence = try #require(try connection.query("select fence from docproc.claim").first).integer(
      "fence")
    #expect(try queue.report(job: 2, fence: fence, JobProgress()) == .cancel, "a wish from before")
    #expect(try queue.confirmCancel(job: 2, fence: fence))
    let job = try #require(try queue.claim(worker: UUID(), models: ["m"]))
    #expect(job.documentName == "waiting" && job.fence > fence)
    let events = try connection.query(
      "select kind from docproc.events where job_id = 3 order by id"
    ).map { try $0.text("kind") }
    #expect(events == ["submitted", "cancelled"])

    let (_, fresh) = try database("fresh")
    _ = try JobQueue.migrate(fresh)
    #expect(try lines(connection) == lines(fresh))
    #expect(try lines(fresh).count > 100)
  }
}
