import Documents
import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// What fleets meet that run for long: orders made to harm, outages, copies, retention.
@Suite(.serialized) struct OperationsTests {
  private static let cluster = Result { try makeCluster() }
  private let fixture: QueueFixture

  private static func makeCluster() throws -> TestCluster {
    let cluster = try TestCluster(tenants: ["ann"])
    try Connection(url: cluster.url).execute(
      script: """
        create role hand login; grant docproc_worker to hand;
        """)
    return cluster
  }

  init() throws { fixture = try QueueFixture(try Self.cluster.get()) }

  private var queue: PostgresWorkerQueue { fixture.queue }

  private func url(_ role: String, database: String = "docproc") -> String {
    fixture.url.replacingOccurrences(of: "/docproc?", with: "/\(database)?")
      .replacingOccurrences(of: "user=docproc", with: "user=" + role)
  }

  private func refusal(_ sql: String, as role: String = "ann") throws -> String {
    do {
      try Connection(url: url(role)).execute(script: sql)
      return "taken"
    } catch PostgresError.query(let state, let message, _) {
      return "\(state) \(message)"
    }
  }

  // MARK: Orders

  @Test(arguments: [
    #"[{"path":"a","start":9223372036854775807,"length":9223372036854775807}]"#,
    #"[{"path":"a","start":0,"length":4611686018427387904}]"#,
    #"[{"path":"a","start":-1,"length":3}]"#, #"[{"path":"a","start":0,"length":-1}]"#,
    #"[{"path":"a","start":0,"length":17}]"#, #"[{"path":"a","start":0.5,"length":1}]"#,
    #"[{"path":"a","start":4,"length":3},{"path":"b","start":0,"length":2}]"#,
    #"[{"path":"a","start":0,"length":5},{"path":"b","start":4,"length":2}]"#,
    #"[{"path":"a","start":1e400,"length":1}]"#, #"[{"start":0,"length":1}]"#,
    #"[{"path":7,"start":0,"length":1}]"#, #"[{"path":"a","start":"0","length":1}]"#, #"[7]"#,
    #"{"path":"a"}"#, "7",
  ])
  func partsThatDoNotLieInTheTextAreRefused(parts: String) throws {
    let sql = "select docproc.submit('p', 'Some text. More.', parts => '\(parts)')"
    #expect(try refusal(sql).hasPrefix("23514 "))
    #expect(try fixture.value("select count(*) from docproc.document") == "0")
    let job = ClaimedJob(
      claim: Claim(job: 1, fence: 1), task: "summarize", question: nil, model: "m",
      documentName: "p", text: "Some text. More.", parts: parts, sha256: "0", bytes: 16)
    #expect(throws: JobError.self, "a worker looks again") { try job.document() }
  }

  @Test func partsThatLieInTheTextAreTaken() throws {
    for parts in [
      "[]", #"[{"path":"a","start":0,"length":16}]"#,
      #"[{"path":"a","start":0,"length":0},{"path":"b","start":3,"length":13}]"#,
    ] {
      let sql = "select docproc.submit('p', 'Some text. More.', parts => '\(parts)', again => true)"
      #expect(try refusal(sql) == "taken")
    }
  }

  @Test(arguments: [
    "docproc.submit(repeat('n', 1001), 'text')",
    "docproc.submit('n', 'text', model => repeat('m', 1001))",
    "docproc.submit('n', 'text', key => repeat('k', 6000))",
    "docproc.submit('n', 'text', parameters => jsonb_build_object('a', repeat(md5('x'), 40000)))",
    "docproc.submit('n', 'text', task => 'ask', question => repeat('why? ', 2000))",
  ])
  func whatIsTooLongIsRefusedInASentence(call: String) throws {
    let refusal = try refusal("select \(call)")
    #expect(refusal.hasPrefix("54000 the "))
    #expect(refusal.contains("more than the limit of"))
  }

  @Test func blankTextIsFoundOutHoweverLongItIs() throws {
    let blank = "repeat(E' \\n\\t', 20000)"
    #expect(try refusal("select docproc.submit('n', \(blank))").hasPrefix("23514 "))
    #expect(try refusal("select docproc.submit('n', \(blank) || 'x')") == "taken")
  }

  @Test func tenantsHaveAHighestPriority() throws {
    #expect(try refusal("select docproc.submit('n', 'a', priority => 1001)").hasPrefix("23514 "))
    #expect(try refusal("select docproc.submit('n', 'a', priority => 1000)") == "taken")
    try fixture.run("insert into docproc.member values ('ann', 'ann', 5)")
    defer { try? fixture.run("delete from docproc.member") }
    #expect(try refusal("select docproc.submit('n', 'b', priority => 6)").hasPrefix("23514 "))
    #expect(try queue.jobs.submit(fixture.order(priority: 2_000)).created, "an administrator's")
  }

  @Test func aTenantIsARole() throws {
    let sql = "insert into docproc.member values ('ann', 'nobodys')"
    #expect(try refusal(sql, as: "docproc").hasPrefix("23503 the tenant nobodys is no role"))
  }

  // MARK: Deaths and outages

  @Test func aJobThatEndedTwoProcessesIsSetAside() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    _ = try fixture.claim()
    #expect(try queue.bury(worker: fixture.worker, reason: "the process of w1 ended") == 1)
    #expect(try queue.jobs.status(id).state == .available, "one death may be chance")
    let second = UUID()
    try fixture.register(second, "w2")
    _ = try fixture.claim(as: second)
    #expect(try queue.bury(worker: second, reason: "the process of w2 ended") == 1)
    let status = try queue.jobs.status(id)
    #expect(status.state == .failed && status.crashes == 2)
    let error = try #require(status.error)
    #expect(error.contains("w1 ended") && error.contains("w2 ended"))
    #expect(error.contains("docproc retry \(id)"))
    #expect(try fixture.value("select count(*) from docproc.worker") == "0")

    #expect(try queue.steering.retry(id) == .available)
    let third = UUID()
    try fixture.register(third, "w3")
    _ = try fixture.claim(as: third)
    _ = try queue.bury(worker: third, reason: "again")
    #expect(try queue.jobs.status(id).state == .available, "it has two lives again")
  }

  @Test func neighboursShareAPlace() throws {
    let others = [UUID(), UUID()]
    for (number, place) in [(0, "boot 1"), (1, "boot 2")] {
      let card = WorkerCard(
        id: others[number], name: "w\(number)", host: "here", process: 7, models: [],
        takesPaths: false, place: place)
      try queue.register(card)
      try queue.place(card)
    }
    #expect(try queue.neighbours(of: others[0]).isEmpty)
    #expect(try queue.neighbours(of: fixture.worker).isEmpty, "nobody knows where it is")
    let own = WorkerCard(
      id: UUID(), name: "own", host: "here", process: 8, models: [], takesPaths: false,
      place: "boot 1")
    try queue.register(own)
    try queue.place(own)
    #expect(
      try queue.neighbours(of: own.id) == [Neighbour(id: others[0], name: "w0", process: 7)])
  }

  @Test func aModelThatNobodyHasFailsTheJobInTheEnd() throws {
    try fixture.set("most_misses", "3")
    defer { try? fixture.set("most_misses", "20") }
    let id = try queue.jobs.submit(fixture.order()).id
    for miss in 1...3 {
      try fixture.run("update docproc.ready set available_at = clock_timestamp() - interval '1 s'")
      let job = try fixture.claim()
      #expect(try queue.release(job.claim, delaySeconds: 15, reason: "w: no model m"))
      let status = try queue.jobs.status(id)
      #expect(status.state == (miss < 3 ? .scheduled : .failed))
    }
    #expect(try queue.jobs.status(id).error == "tried 3 times, and no worker can: w: no model m")
    #expect(try queue.steering.retry(id) == .available)
  }

  @Test func afterAnOutageWorkersHaveAWholeLeaseToBeHeard() throws {
    _ = try queue.jobs.submit(fixture.order())
    _ = try fixture.claim()
    try fixture.silence()
    try fixture.run(
      "update docproc.upkeep set done_at = clock_timestamp() - interval '1.5 s', since = '-infinity'"
    )
    #expect(try queue.sweep() == 0, "nobody swept for longer than a lease: who knows who lives?")
    #expect(try queue.sweepNow() == 0)
    Thread.sleep(forTimeInterval: 1.1)
    #expect(try queue.sweepNow() == 1)
  }

  @Test func jobsThatNobodyCanRunDoNotKeepOthersFromPreempting() throws {
    try fixture.set("preempt_after", "0 s")
    defer { try? fixture.set("preempt_after", "5 s") }
    try fixture.run("update docproc.worker set takes_paths = false")
    _ = try queue.jobs.submit(fixture.order())
    _ = try fixture.claim()
    for _ in 0..<10 {
      try fixture.run(
        "select docproc.submit('g', 'gone', model => 'gone', priority => 100, again => true)")
    }
    _ = try queue.jobs.submit(fixture.order("urgent", priority: 50))
    #expect(try fixture.value("docproc.preempt()") == "1")
  }

  // MARK: Rights and copies

  @Test func theDecoderIsTheOwnersAlone() throws {
    // Where the server has what it needs; else nobody can call it anyway.
    try? queue.steering.installDecoder()
    guard try queue.steering.hasDecoder() else { return }
    for role in ["ann", "hand"] {
      let sql = "select docproc.zstd_decode('\\x00'::bytea, 1)"
      #expect(try refusal(sql, as: role).hasPrefix("42501 "))
    }
    let frame = "'\\x28b52ffd200109000061'::bytea"
    #expect(try fixture.value("encode(docproc.zstd_decode(\(frame), 1), 'escape')") == "a")
    #expect(
      try refusal("select docproc.zstd_decode(\(frame), 3000000000)", as: "docproc").contains(
        "at most 256 MiB"))
    #expect(try fixture.value("to_regprocedure('docproc.install_decoder()') is null") == "true")
  }

  @Test func tenantsAreNotToldWhereWorkersRun() throws {
    let seen = try Connection(url: url("ann")).query(
      "select host, pid, models from docproc.workers")
    let row = try #require(seen.first)
    let host = try row.optionalText("host")
    let pid = try row.optionalInteger("pid")
    #expect(host == nil && pid == nil)
    #expect(try row.optionalText("models") == nil)
    let own = try Connection(url: url("hand")).query("select host from docproc.workers").first
    #expect(try own?.optionalText("host") == "here", "a worker's doctor sees them")
    #expect(try refusal("select host from docproc.worker").hasPrefix("42501 "))
  }

  @Test func aCopyHasAnIdentityOfItsOwn() throws {
    let own = try queue.databaseIdentity()
    #expect(try queue.databaseIdentity() == own)
    let hand = try PostgresWorkerQueue(url: url("hand"))
    #expect(try hand.databaseIdentity() == own, "a worker asks with its rights")
    let dump = try run("pg_dump", ["-Fc", "-f", "\(directory.path)/dump", fixture.url])
    #expect(dump.status == 0, "\(dump.error)")
    try fixture.run("drop database if exists copied")
    try fixture.run("create database copied")
    let copy = url("docproc", database: "copied")
    let restored = try run("pg_restore", ["-d", copy, "\(directory.path)/dump"])
    #expect(restored.status == 0, "\(restored.error)")
    let copied = try PostgresWorkerQueue(url: copy)
    let new = try copied.databaseIdentity()
    #expect(new != own)
    #expect(try copied.databaseIdentity() == new)
    #expect(try queue.databaseIdentity() == own)
  }

  /// As it is moved to somebody else's server: dumped by its owner, given to another.
  @Test func aDumpByTheOwnerWorksForAnotherOwner() throws {
    for name in ["moved", "hers"] { try fixture.run("drop database if exists \(name)") }
    try fixture.run(
      """
      drop role if exists first_owner; create role first_owner login createrole;
      drop role if exists next_owner; create role next_owner login createrole;
      """)
    try fixture.run("create database hers owner first_owner")
    try fixture.run("create database moved owner next_owner")
    let before = url("first_owner", database: "hers")
    _ = try JobDatabase.migrate(try Connection(url: before))
    let id = try PostgresWorkerQueue(url: url("ann", database: "hers")).jobs
      .submit(fixture.order()).id
    let dump = try run("pg_dump", ["-Fc", "-f", "\(directory.path)/dump", before])
    #expect(dump.status == 0, "\(dump.error)")
    let after = url("next_owner", database: "moved")
    let restored = try run(
      "pg_restore", ["--no-owner", "--role=next_owner", "-d", after, "\(directory.path)/dump"])
    #expect(restored.status == 0, "\(restored.error)")

    let ann = try PostgresWorkerQueue(url: url("ann", database: "moved"))
    #expect(try ann.jobs.list(limit: 9).map(\.id) == [id])
    #expect(try ann.jobs.submit(fixture.order("another")).created)
    let hand = try PostgresWorkerQueue(url: url("hand", database: "moved"))
    let job = try #require(try hand.claim(worker: UUID(), models: ["m"]))
    #expect(try hand.complete(job.claim, fixture.record("moved")))
    let owner = try PostgresWorkerQueue(url: after)
    let found = try owner.steering.findings().filter {
      $0.level == .problem && $0.check != "durability"
    }
    #expect(found.map(\.found) == [])

    try fixture.run("grant create on database moved to next_owner")
    let chief = try Connection(url: url("docproc", database: "moved"))
    try chief.execute(script: "alter function docproc.beat(uuid) owner to first_owner")
    #expect(try owner.steering.findings().contains { $0.check == "owners" })
  }

  private let directory = try! TemporaryDirectory()

  private func run(_ program: String, _ arguments: [String]) throws -> (
    status: Int32, error: String
  ) {
    // Those of the server's version.
    let version = try #require(
      try fixture.value("current_setting('server_version_num')::int / 10000"))
    let path = "\(Repository.postgres)/\(version)/bin/\(program)"
    let result = try Program(home: directory.path).execute(path, arguments)
    return (result.status, result.error)
  }

  // MARK: Migrations

  @Test func whatIsUpToDateIsNotLocked() throws {
    let reader = try Connection(url: fixture.url)
    try reader.execute(script: "begin; select * from docproc.migration, docproc.object")
    let begun = Date()
    #expect(try JobDatabase.migrate(try Connection(url: fixture.url)).isEmpty)
    #expect(-begun.timeIntervalSinceNow < 3)
    try reader.execute(script: "commit")
  }

  @Test func aListWaitsForNothingAndNobody() throws {
    for number in 0..<3 { _ = try queue.jobs.submit(fixture.order("text \(number)")) }
    _ = try fixture.claim()
    try fixture.run("update docproc.ready set available_at = 'infinity' where job_id = 3")
    #expect(try queue.jobs.list(limit: 9).map(\.id) == [3, 2, 1])
    #expect(try queue.jobs.list(limit: 1).map(\.id) == [3])
    #expect(try queue.jobs.list(limit: 9, states: [.running]).map(\.id) == [1])
    #expect(try queue.jobs.list(limit: 9, states: [.scheduled, .running]).map(\.id) == [3, 1])
  }
}
