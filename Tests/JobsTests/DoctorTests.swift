import Foundation
import Jobs
import Migrations
import Postgres
import TestSupport
import Testing

/// What the doctor finds, and how schemas come about.
@Suite(.serialized) struct DoctorTests {
  private static let cluster = Result { try TestCluster() }
  private let fixture: QueueFixture

  init() throws { fixture = try QueueFixture(try Self.cluster.get()) }

  private func found(_ check: String) throws -> [String] {
    try fixture.queue.steering.findings().filter { $0.check == check }.map(\.found)
  }

  @Test func ahealthyDatabaseHasNoFindings() throws {
    #expect(try fixture.queue.steering.findings().map(\.found) == [])
  }

  @Test func changesByHandAreNamed() throws {
    try fixture.run("drop index docproc.job_document; alter table docproc.job add column mine text")
    let changes = try found("schema")
    try fixture.run(
      "create index job_document on docproc.job (document_id); alter table docproc.job drop "
        + "column mine"
    )
    #expect(changes.count == 2)
    #expect(changes.contains { $0.contains("job_document") && $0.hasPrefix("missing") })
    #expect(changes.contains { $0.contains("column job.mine") && $0.hasPrefix("new") })
    #expect(try found("schema") == [])
  }

  @Test func stuckJobsAreFoundAndRepaired() throws {
    let id = try fixture.queue.jobs.submit(fixture.order()).id
    _ = try fixture.claim()
    try fixture.run("delete from docproc.claim")
    #expect(try found("jobs") == ["job \(id) is running, but nobody has claimed it"])
    #expect(try fixture.value("docproc.repair(\(id))") == "available")
    #expect(try found("jobs") == [])
    try fixture.run("delete from docproc.ready")
    #expect(try found("jobs") == ["job \(id) is available, but not on the queue"])
  }

  @Test func deadWorkersAndJobsThatNobodyCanRunAreFound() throws {
    _ = try fixture.queue.jobs.submit(fixture.order())
    try fixture.run(
      """
      update docproc.worker set heartbeat_at = clock_timestamp() - interval '5 minutes';
      update docproc.ready set available_at = clock_timestamp() - interval '5 minutes';
      """)
    #expect(try found("workers").count == 1)
    #expect(try found("jobs").contains { $0.hasPrefix("1 jobs for the model m wait since") })
  }

  @Test func brokenIndexesAndUnsafeSettingsAreFound() throws {
    try fixture.run(
      "create index broken on docproc.job (task); update pg_index set indisvalid = false where "
        + "indexrelid = 'docproc.broken'::regclass"
    )
    try fixture.run("set synchronous_commit = off")
    let findings = try fixture.queue.steering.findings()
    try fixture.run("drop index docproc.broken; set synchronous_commit = on")
    #expect(
      findings.contains {
        $0.check == "indexes" && $0.found.contains("docproc.broken") && $0.level == .problem
      })
    #expect(
      findings.contains { $0.check == "durability" && $0.found == "synchronous_commit is off" })
  }

  @Test func theCommandSaysWhatIsWrongByItsStatus() throws {
    let cluster = try Self.cluster.get()
    let good = try cluster.program.docproc("doctor")
    #expect(good.status == 0 && good.text.contains("nothing to complain about"))
    let id = try fixture.queue.jobs.submit(fixture.order()).id
    try fixture.run("delete from docproc.ready")
    let bad = try cluster.program.docproc("db", "doctor", "--json")
    #expect(bad.status == 1 && bad.text.contains("job \(id) is available, but not on the queue"))
  }

  @Test func migratorsAtTheSameTimeMakeOneSchema() async throws {
    try fixture.run("drop database if exists twins")
    try fixture.run("create database twins")
    let url = fixture.url.replacingOccurrences(of: "/docproc?", with: "/twins?")
    let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
      for _ in 0..<2 { group.addTask { try JobDatabase.migrate(try Connection(url: url)).steps } }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(applied.sorted() == Migrations.history.map(\.version))
    #expect(
      try PostgresWorkerQueue(url: url).steering.findings().filter { $0.check == "schema" }.isEmpty)
  }
}
