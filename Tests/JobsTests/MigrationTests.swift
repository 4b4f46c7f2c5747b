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
    let steps = Migrations.history.prefix(Self.early).map {
      Migrator.Step(version: $0.version, name: $0.name, sql: $0.sql, isBreaking: true)
    }
    #expect(try Migrator(history: Array(steps)).migrate(connection).steps.count == Self.early)
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
    #expect(
      try JobDatabase.migrate(connection).steps
        == Migrations.history.dropFirst(Self.early).map(\.version)
    )
    let queue = try PostgresWorkerQueue(url: url)
    #expect(try queue.jobs.list(limit: 9).map(\.state) == [.cancelled, .running, .available])
    #expect(
      try queue.jobs.list(limit: 1, states: [.available, .running]).map(\.state) == [.running])
    let fence = try #require(try connection.query("select fence from docproc.claim").first).integer(
      "fence")
    #expect(
      try queue.report(Claim(job: 2, fence: fence), JobProgress()) == .cancel, "a wish from before")
    #expect(try queue.confirmCancel(Claim(job: 2, fence: fence)))
    let job = try #require(try queue.claim(worker: UUID(), models: ["m"]))
    #expect(job.documentName == "waiting" && job.claim.fence > fence)
    let events = try connection.query(
      "select kind from docproc.events where job_id = 3 order by id"
    ).map { try $0.text("kind") }
    #expect(events == ["submitted", "cancelled"])

    let (_, fresh) = try database("fresh")
    _ = try JobDatabase.migrate(fresh)
    #expect(try lines(connection) == lines(fresh))
    #expect(try lines(fresh).count > 100)
  }

  // MARK: What is applied again, and what is refused

  private var files: [Migrator.Object] {
    Migrations.objects.map { Migrator.Object(path: $0.path, sql: $0.sql) }
  }

  private var steps: [Migrator.Step] {
    Migrations.history.map {
      Migrator.Step(version: $0.version, name: $0.name, sql: $0.sql, isBreaking: $0.isBreaking)
    }
  }

  /// All files, with one of them changed.
  private func files(_ path: String, _ change: (String) -> String) -> [Migrator.Object] {
    files.map { $0.path == path ? Migrator.Object(path: path, sql: change($0.sql)) : $0 }
  }

  @Test func everyFileBelowMigrationsIsEmbedded() throws {
    let root = Repository.root + "/migrations/"
    let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    let sql = Set(names.filter { $0.hasSuffix(".sql") })
    let embedded = Set(Migrations.objects.map(\.path))
    #expect(sql.filter { !$0.hasPrefix("history/") } == embedded)
    #expect(sql.filter { $0.hasPrefix("history/") }.count == Migrations.history.count)
    for object in Migrations.objects {
      #expect(try String(contentsOfFile: root + object.path, encoding: .utf8) == object.sql)
    }
  }

  @Test func aStepThatWasEditedAfterItWasAppliedIsRefused() throws {
    let (_, connection) = try database("edited")
    _ = try JobDatabase.migrate(connection)
    let before = try lines(connection)
    let edited = steps.map { step in
      Migrator.Step(
        version: step.version, name: step.name,
        sql: step.version == 5 ? step.sql + "\n-- improved" : step.sql,
        isBreaking: step.isBreaking)
    }
    let changed = files("functions/claim/beat.sql") { $0 + "\n-- improved" }
    #expect(throws: PostgresError.editedStep(version: 5, name: "fleet")) {
      try Migrator(history: edited, objects: changed).migrate(connection)
    }
    #expect(try lines(connection) == before)
    #expect(try JobDatabase.migrate(connection).isEmpty, "nothing was noted either")
  }

  @Test func aFunctionThatDoesNotParseChangesNothing() throws {
    let (_, connection) = try database("broken")
    _ = try JobDatabase.migrate(connection)
    let path = "functions/claim/beat.sql"
    func body() throws -> String? {
      try connection.query(
        "select prosrc from pg_catalog.pg_proc where proname = 'beat'"
      ).first?.text("prosrc")
    }
    let before = try body()
    let broken: [(String) -> String] = [
      { $0.replacing("update worker", with: "updat worker") },
      { $0.replacing("create or replace function", with: "create or repalce function") },
      { $0.replacing("returns boolean", with: "returns bolean") },
    ]
    for change in broken {
      let others = files(path, change).map {
        $0.path == "functions/claim/claim.sql"
          ? Migrator.Object(path: $0.path, sql: $0.sql + "\n-- improved") : $0
      }
      do {
        _ = try Migrator(history: steps, objects: others).migrate(connection)
        Issue.record("it was applied")
      } catch PostgresError.brokenObject(let named, let reason) {
        #expect(named == path && !reason.isEmpty)
      }
      #expect(try body() == before)
      #expect(try JobDatabase.migrate(connection).isEmpty, "the other file was not applied alone")
    }
  }

  @Test func aChangedFunctionIsAppliedAgainWithItsRights() throws {
    let (url, connection) = try database("changed")
    _ = try JobDatabase.migrate(connection)
    let path = "functions/claim/beat.sql"
    let migrator = Migrator(history: steps, objects: files(path) { $0 + "\n-- improved" })
    #expect(try migrator.migrate(connection).objects == [path])
    #expect(try migrator.migrate(connection).isEmpty)
    let function = try #require(
      try connection.query(
        """
        select p.prosecdef and p.proconfig::text like '%docproc, pg_temp%' as safe,
          has_function_privilege('docproc_worker', p.oid, 'execute') as worker,
          has_function_privilege('docproc_reader', p.oid, 'execute') as reader
        from pg_catalog.pg_proc p where p.proname = 'beat'
        """
      ).first)
    #expect(try function.boolean("safe") && function.boolean("worker"))
    #expect(try !function.boolean("reader"))

    #expect(try JobDatabase.migrate(connection).objects == [path], "this program's own again")
    try connection.execute(script: "drop function docproc.beat(uuid)")
    #expect(try !PostgresWorkerQueue(url: url).steering.findings().isEmpty)
    #expect(try JobDatabase.migrate(connection, again: true).objects.count == files.count)
    let schema = try PostgresWorkerQueue(url: url).steering.findings().filter {
      $0.check == "schema"
    }
    #expect(schema.isEmpty)
  }

  @Test func aDatabaseFromBeforeObjectsBecomesAFreshOneAndRefusesItsOldPrograms() throws {
    let (url, connection) = try database("before")
    let old = Migrator(history: Array(steps.prefix(9)))
    _ = try old.migrate(connection)
    // Digests were not noted then.
    try connection.execute(script: "alter table docproc.migration drop column sha256")
    #expect(try JobDatabase.migrate(connection).steps == [10, 11, 12, 13, 14, 15, 16, 17])
    let (_, fresh) = try database("fresh_too")
    _ = try JobDatabase.migrate(fresh)
    #expect(try lines(connection) == lines(fresh))

    // Documents lie elsewhere since.
    let newer = PostgresError.newerDatabase(version: 17, known: 9)
    #expect(throws: newer) { try old.check(connection) }
    #expect(throws: newer) { try old.migrate(connection) }

    // Beside steps that break nothing they go on.
    let (_, between) = try database("between")
    _ = try Migrator(history: Array(steps.prefix(13))).migrate(between)
    try old.check(between)
    #expect(try old.migrate(between).isEmpty, "it applies nothing to a newer schema")
    let older = Migrator(
      history: Array(steps.prefix(9)), objects: files("rights.sql") { _ in "select 1 / 0" })
    #expect(try older.migrate(between).isEmpty, "nor its own functions")
    _ = try PostgresWorkerQueue(url: url)
  }
}
