import Results
import Foundation
import Jobs
import Migrations
import Postgres
import TestSupport
import Testing

/// Login roles with one of docproc's roles each can do what that is for, and nothing else.
@Suite(.serialized) struct RoleTests {
  private static let cluster = Result { try makeCluster() }
  private let fixture: QueueFixture

  private static func makeCluster() throws -> TestCluster {
    let cluster = try TestCluster(tenants: ["ann", "bob", "carl"])
    try Connection(url: cluster.url).execute(
      script: """
        insert into docproc.member values ('carl', 'ann');
        create role writer login; grant docproc_submitter to writer;
        create role hand login; grant docproc_worker to hand;
        create role chief login; grant docproc_admin to chief;
        create role nobody login;
        """)
    return cluster
  }

  init() throws { fixture = try QueueFixture(try Self.cluster.get()) }

  private func queue(_ role: String) throws -> PostgresWorkerQueue {
    try PostgresWorkerQueue(
      url: fixture.url.replacingOccurrences(of: "user=docproc", with: "user=" + role))
  }

  private func expectRefusal(_ body: () throws -> Void) {
    do {
      try body()
      Issue.record("it was allowed")
    } catch PostgresError.query(let state, _, _) {
      #expect(state == "42501")
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func tenantsSeeAndChangeTheirOwnJobsOnly() throws {
    let ann = try queue("ann")
    let bob = try queue("bob")
    let carl = try queue("carl")
    let hers = try ann.jobs.submit(fixture.order("Ann's text.")).id
    let his = try bob.jobs.submit(fixture.order("Bob's text.")).id
    #expect(try ann.jobs.list(limit: 9).map(\.id) == [hers])
    #expect(try bob.jobs.list(limit: 9).map(\.id) == [his])
    #expect(try carl.jobs.list(limit: 9).map(\.id) == [hers], "one tenant")
    for call in [bob.steering.cancel, bob.steering.pause, bob.steering.resume, bob.steering.retry] {
      #expect(throws: JobError.noSuchJob(hers)) { try call(hers) }
    }
    #expect(throws: JobError.noSuchJob(hers)) { try bob.steering.remove(hers) }

    #expect(throws: JobError.noSuchJob(hers)) { try bob.jobs.status(hers) }
    #expect(throws: JobError.noSuchJob(hers)) { try bob.jobs.documentText(hers) }
    #expect(throws: PostgresError.self) {
      try bob.connection.query("select docproc.wait($1)", [.integer(hers)])
    }
    #expect(try bob.connection.query("select from docproc.document").count == 1)
    #expect(
      try bob.jobs.submit(fixture.order("Ann's text.")).created,
      "the same text is another tenant's order")
    let worker = try queue("hand")
    for _ in 0..<3 {
      let id = UUID()
      let job = try #require(try worker.claim(worker: id, models: ["m"]))
      #expect(
        try worker.complete(job.claim, fixture.record("of \(job.id)")))
    }

    #expect(try ann.jobs.result(hers).answer == "of \(hers)")
    #expect(throws: JobError.noSuchJob(hers)) { try bob.jobs.result(hers) }
    #expect(try bob.connection.query("select from docproc.results").count == 2)
    #expect(
      try bob.connection.query("select from docproc.evidence where job_id = $1", [.integer(hers)])
        .isEmpty)
    #expect(
      try bob.connection.query("select from docproc.events where job_id = $1", [.integer(hers)])
        .isEmpty)
    #expect(throws: PostgresError.self) {
      try bob.connection.query("select docproc.result_payload($1)", [.integer(hers)])
    }
    #expect(try queue("chief").jobs.list(limit: 9).count == 3, "an administrator sees all")
    #expect(try queue("chief").steering.cancel(hers) == .completed)
  }

  @Test func rolesDoWhatTheyAreForAndNothingElse() throws {
    let id = try queue("ann").jobs.submit(fixture.order()).id
    expectRefusal { _ = try queue("ann").claim(worker: UUID(), models: ["m"]) }
    expectRefusal { _ = try queue("hand").jobs.submit(fixture.order("other")) }
    expectRefusal { _ = try queue("hand").steering.cancel(id) }
    expectRefusal { _ = try queue("writer").jobs.list(limit: 1) }
    for role in ["ann", "hand", "writer"] {
      let connection = try queue(role).connection
      expectRefusal { try connection.execute(script: "delete from docproc.job") }
      expectRefusal {
        try connection.execute(
          script: "update docproc.job_state set state = 'completed', finished_at = now()")
      }
      expectRefusal {
        try connection.execute(script: "insert into docproc.member values (session_user, 'ann')")
      }
      expectRefusal { try connection.execute(script: "update docproc.setting set value = '1 s'") }
      expectRefusal {
        try connection.execute(script: "select docproc.finish(\(id), 'completed', null)")
      }
      expectRefusal {
        try connection.execute(script: "select docproc.make_ready(\(id), interval '0')")
      }
      expectRefusal { try connection.execute(script: "create table docproc.mine (a integer)") }
    }

    expectRefusal { _ = try queue("nobody") }
    try queue("chief").connection.execute(
      script: "update docproc.setting set value = '61 s' where name = 'lease'")
    #expect(try queue("hand").leaseSeconds() == 61)
  }

  @Test func everyRoleHasADoctorThatLooksAtWhatItMay() throws {
    let blind = try ["ann", "hand", "chief"].map { role in
      try queue(role).steering.findings().filter { $0.check == "rights" }.map(\.found)
    }
    #expect(blind[0] == ["this role may not look at tenants"])
    #expect(blind[1].count == 3)
    let owner = try fixture.queue.steering.findings()
    #expect(!owner.contains { $0.check == "rights" })
  }

  @Test func nameResolutionCannotBeHijacked() throws {
    let connection = try queue("ann").connection
    try connection.execute(
      script: """
        create temp table job (id bigint, tenant text);
        insert into pg_temp.job values (1, 'ann');
        create function pg_temp.current_tenant() returns text language sql as $$ select 'bob' $$;
        set search_path = pg_temp, docproc;
        """)
    let row = try #require(
      try connection.query("select job_id from docproc.submit('n', 'Some text of mine.')").first)
    #expect(
      try fixture.value("select tenant from docproc.job where id = \(row.integer("job_id"))")
        == "ann")
    let unsafe = try fixture.value(
      """
      select string_agg(p.proname, ',') from pg_catalog.pg_proc p where p.pronamespace = 'docproc'::regnamespace and p.prosecdef
        and p.prolang <> (select oid from pg_catalog.pg_language where lanname = 'plpython3u')
        and not coalesce(p.proconfig::text like '%search_path=docproc, pg_temp%', false)
      """)
    #expect(unsafe == nil, "these run with the owner's rights, and without a fixed search_path")
    let open = try fixture.value(
      """
      select string_agg(p.proname, ',') from pg_catalog.pg_proc p
      where p.pronamespace = 'docproc'::regnamespace and has_function_privilege('nobody', p.oid, 'execute')
      """)
    #expect(open == nil, "these may be called by anybody")
  }

  @Test func everyTableOfJobsIsUnderRowSecurity() throws {
    let open = try fixture.value(
      """
      select string_agg(c.relname, ',') from pg_catalog.pg_class c where c.relnamespace = 'docproc'::regnamespace and c.relkind in ('r', 'p')
        and not c.relispartition and not c.relrowsecurity
        and c.relname not in ('migration', 'setting', 'member', 'worker', 'schema_line', 'object', 'upkeep',
          'model')
      """)
    #expect(open == nil)
    let views = try fixture.value(
      """
      select string_agg(c.relname, ',') from pg_catalog.pg_class c where c.relnamespace = 'docproc'::regnamespace and c.relkind = 'v'
        and not coalesce(c.reloptions::text like '%security_invoker=true%', false) and c.relname <> 'workers'
      """)
    #expect(views == nil)
  }

  /// The owner of a database on somebody else's server is no superuser.
  @Test func anOrdinaryOwnerWillDo() throws {
    try fixture.run("drop database if exists hers")
    try fixture.run("drop role if exists owner_of_hers; create role owner_of_hers login createrole")
    try fixture.run("create database hers owner owner_of_hers")
    func url(_ role: String) -> String {
      fixture.url.replacingOccurrences(of: "/docproc?", with: "/hers?").replacingOccurrences(
        of: "user=docproc", with: "user=" + role)
    }
    let owner = try Connection(url: url("owner_of_hers"))
    #expect(try JobDatabase.migrate(owner).steps == Migrations.history.map(\.version))
    let ann = try PostgresWorkerQueue(url: url("ann"))
    let bob = try PostgresWorkerQueue(url: url("bob"))
    let hand = try PostgresWorkerQueue(url: url("hand"))
    let id = try ann.jobs.submit(fixture.order()).id
    let job = try #require(try hand.claim(worker: UUID(), models: ["m"]))
    #expect(try hand.complete(job.claim, fixture.record("hers")))
    #expect(try ann.jobs.result(id).answer == "hers")
    #expect(try bob.jobs.list(limit: 9).isEmpty)
    #expect(
      try PostgresWorkerQueue(url: url("owner_of_hers")).steering.findings().filter {
        $0.check != "durability"
      }.map(
        \.found) == [])
  }
}
