import Documents
import Foundation
import Jobs
import Migrations
import Postgres
import Results
import TestSupport
import Testing

/// The queue's rules, on a real Postgres.
@Suite(.serialized) struct JobQueueTests {
  private static let cluster = Result { try TestCluster() }
  private let fixture: QueueFixture
  private var queue: PostgresWorkerQueue { fixture.queue }
  private var worker: UUID { fixture.worker }

  init() throws { fixture = try QueueFixture(try Self.cluster.get()) }

  private func order(
    _ text: String = "Some text.", question: String? = nil, priority: Int = 0, again: Bool = false
  ) -> JobOrder {
    fixture.order(text, question: question, priority: priority, again: again)
  }

  private func record(_ answer: String = "yes") -> ResultRecord { fixture.record(answer) }

  private func claim() throws -> ClaimedJob { try fixture.claim() }

  @Test func theWholePath() throws {
    let (id, created) = try queue.jobs.submit(order())
    #expect(created)
    #expect(try queue.jobs.status(id).state == .available)
    let job = try claim()
    #expect(job.id == id && job.text == "Some text.")
    #expect(try queue.jobs.status(id).state == .running)
    #expect(try queue.report(job.claim, JobProgress(tokens: 1, total: 4)) == .going)
    #expect(try queue.jobs.status(id).percent == 25)
    #expect(try queue.complete(job.claim, record()))
    #expect(try queue.jobs.status(id).state == .completed)
    #expect(try queue.jobs.result(id) == record())
    let row = try #require(
      try queue.connection.query(
        "select answer, evidence ->> 0 as e, payload_bytes from docproc.results"
      ).first)
    #expect(try row.text("answer") == "yes")
    #expect(try row.text("e").contains("\"quote\": \"Some\""))
    let decoded = try queue.connection.query(
      "select docproc.result_payload($1::bigint) ->> 'answer' as answer", [.integer(id)])
    #expect(try #require(decoded.first).text("answer") == "yes")
  }

  @Test func whatAnAnswerWasWrittenFromIsAColumn() throws {
    let id = try queue.jobs.submit(order()).id
    let job = try claim()
    let writing = JobProgress(
      tokens: 4, total: 4, steps: 9, writtenTokens: 3, written: "It says")
    #expect(try queue.report(job.claim, JobProgress(tokens: 3, total: 4)) == .going)
    #expect(try queue.jobs.status(id).phase == "reading")
    #expect(try queue.report(job.claim, JobProgress(tokens: 4, total: 4)) == .going)
    #expect(try queue.jobs.status(id).phase == "writing", "what follows the reading")
    #expect(try queue.report(job.claim, writing) == .going)
    let status = try queue.jobs.status(id)
    #expect(status.phase == "writing" && status.writtenTokens == 3 && status.written == "It says")
    #expect(try queue.steering.cancel(id) == .running)
    #expect(try queue.report(job.claim, writing) == .cancel)
    #expect(
      try queue.report(Claim(job: id, fence: job.claim.fence + 9), writing) == .lost)

    var figures = ReadingFigures()
    figures.focus = "general"
    let record = ResultRecord(
      task: "ask", question: "Who?",
      document: .init(name: "a.txt", sha256: "0", bytes: 10, tokens: 3), answer: "yes",
      answeredFrom: "reading", supported: true, evidence: [],
      model: .init(name: "m", sha256: "1"), reading: figures, worker: "test")
    #expect(try queue.complete(job.claim, record))
    #expect(try queue.jobs.result(id) == record)
    let row = try #require(
      try queue.connection.query("select answered_from, focus from docproc.results").first)
    #expect(try row.text("answered_from") == "reading" && row.text("focus") == "general")
    #expect(try queue.jobs.status(id).phase == nil)
  }

  @Test func theSameOrderIsTheSameJob() throws {
    let first = try queue.jobs.submit(order())
    let second = try queue.jobs.submit(order())
    #expect(second.id == first.id && !second.created)
    #expect(try queue.jobs.submit(order(question: "Who?")).created)
    #expect(try queue.jobs.submit(order(again: true)).created)
    #expect(try queue.jobs.submit(order("Other text.")).created)
  }

  @Test func whatChangesAnAnswerIsPartOfTheOrder() throws {
    func submit(_ parameters: JobParameters) throws -> (id: Int, created: Bool) {
      try queue.jobs.submit(
        JobOrder(
          Document(name: "a.txt", text: "Some text."), .ask, question: "Who?", model: "m",
          parameters: parameters))
    }
    let plain = try submit(JobParameters())
    #expect(try !submit(JobParameters()).created)
    #expect(try submit(JobParameters(from: "reading")).created)
    #expect(try submit(JobParameters(focused: true)).created)
    #expect(try submit(JobParameters(mostAnswerTokens: 9)).created)
    #expect(try !submit(JobParameters(from: "reading")).created)

    let other = UUID()
    try fixture.register(other, "other")
    let found = try [claim(), fixture.claim(as: other)].map { try $0.parameters() }
    #expect(found == [JobParameters(), JobParameters(from: "reading")])
    #expect(plain.created)
  }

  @Test func higherPriorityGoesFirst() throws {
    _ = try queue.jobs.submit(order("low"))
    let high = try queue.jobs.submit(order("high", priority: 5)).id
    #expect(try claim().id == high)
  }

  @Test func onlyModelsAtHandAreClaimed() throws {
    _ = try queue.jobs.submit(order())
    #expect(try queue.claim(worker: worker, models: ["other"]) == nil)
    #expect(try queue.claim(worker: worker, models: ["other", "m"]) != nil)
  }

  @Test func aStaleFenceWritesNothing() throws {
    let id = try queue.jobs.submit(order()).id
    let stale = try claim()
    #expect(try queue.release(stale.claim))
    let current = try claim()
    #expect(current.claim.fence > stale.claim.fence)
    #expect(
      try queue.report(stale.claim, JobProgress(tokens: 9, total: 9)) == .lost)
    #expect(try !queue.complete(stale.claim, record("stale")))
    #expect(
      try queue.fail(stale.claim, message: "stale", retryable: false) == nil)
    #expect(try !queue.release(stale.claim))
    #expect(try !queue.confirmCancel(stale.claim))
    #expect(try queue.jobs.status(id).state == .running)
    #expect(try queue.complete(current.claim, record("current")))
    #expect(
      try queue.complete(current.claim, record("current")),
      "its answer may have got lost")
    #expect(try !queue.complete(current.claim, record("twice")))
    #expect(try queue.jobs.result(id).answer == "current")
  }

  @Test func releasesAndFailuresAreCountedApart() throws {
    let id = try queue.jobs.submit(order()).id
    #expect(try queue.release(try claim().claim))
    let released = try queue.jobs.status(id)
    #expect(released.attempts == 0 && released.releases == 1)
    #expect(
      try queue.fail(try claim().claim, message: "broken", retryable: true)
        == .available)
    let status = try queue.jobs.status(id)
    #expect(status.attempts == 1 && status.error == "broken" && status.state == .scheduled)
    #expect(
      try queue.claim(worker: worker, models: ["m"]) == nil, "it waits before it is tried again")
    try queue.connection.execute(
      script: "update docproc.ready set available_at = clock_timestamp()")
    #expect(
      try queue.fail(try claim().claim, message: "for good", retryable: false)
        == .failed)
    #expect(try queue.jobs.status(id).isFinal)
    #expect(try queue.steering.retry(id) == .available)
    #expect(try claim().id == id)
  }

  /// All of a job that the database holds: rows of any table that say its number or its text.
  private func traces(of id: Int, _ text: String) throws -> [String] {
    let tables = try queue.connection.query(
      """
      select c.oid::regclass::text as name from pg_catalog.pg_class c
      where c.relnamespace = 'docproc'::regnamespace and c.relkind = 'r'
      """)
    return try tables.map { try $0.text("name") }.filter { table in
      let found = try queue.connection.query(
        """
        select exists (
          select from \(table) t
          where to_jsonb(t) ->> 'job_id' = $1 or to_jsonb(t)::text like '%' || $2 || '%'
        ) as found
        """, [.text(String(id)), .text(text)])
      return try found[0].boolean("found")
    }
  }

  @Test func aRemovedJobLeavesNothing() throws {
    let word = "Zanzibarquokka"
    let first = try queue.jobs.submit(order(word + " one.")).id
    let twin = try queue.jobs.submit(order(word + " one.", again: true)).id
    let job = try claim()
    #expect(job.id == first)
    #expect(throws: JobError.isRunning(first)) { try queue.steering.remove(first) }
    _ = try queue.fail(job.claim, message: "cannot read " + word, retryable: false)
    #expect(try !traces(of: first, word).isEmpty)
    #expect(try !queue.steering.remove(first), "its twin needs the document")
    #expect(throws: JobError.noSuchJob(first)) { try queue.jobs.status(first) }
    #expect(try queue.jobs.documentText(twin) == word + " one.")
    #expect(try queue.steering.remove(twin))
    #expect(try traces(of: first, word) == [] && traces(of: twin, word) == [])
    #expect(throws: JobError.noSuchJob(twin)) { try queue.steering.remove(twin) }
  }

  @Test func cancellingReachesWaitingAndRunningJobs() throws {
    let waiting = try queue.jobs.submit(order()).id
    #expect(try queue.steering.cancel(waiting) == .cancelled)
    #expect(try queue.claim(worker: worker, models: ["m"]) == nil)
    let running = try queue.jobs.submit(order("other")).id
    let job = try claim()
    #expect(try queue.steering.cancel(running) == .running)
    #expect(
      try queue.report(job.claim, JobProgress(tokens: 1, total: 2)) == .cancel)
    #expect(try queue.confirmCancel(job.claim))
    #expect(try queue.jobs.status(running).state == .cancelled)
    #expect(throws: JobError.noSuchJob(999)) { try queue.steering.cancel(999) }
    #expect(throws: JobError.noSuchJob(999)) { try queue.jobs.status(999) }
    #expect(throws: JobError.noResult(id: running, state: .cancelled)) {
      try queue.jobs.result(running)
    }
  }

  @Test func jobsOfDeadWorkersAreGivenBack() throws {
    let id = try queue.jobs.submit(order()).id
    let job = try claim()
    #expect(try queue.sweepNow() == 0)
    try fixture.silence()
    #expect(try queue.sweepNow() == 1)
    let status = try queue.jobs.status(id)
    #expect(status.state == .available && status.crashes == 1 && status.attempts == 0)
    #expect(try !queue.complete(job.claim, record()))
  }

  @Test func aJobThatKillsItsWorkersFailsInTheEnd() throws {
    let id = try queue.jobs.submit(order()).id
    for death in 1...5 {
      _ = try claim()
      try fixture.silence()
      #expect(try queue.sweepNow() == 1)
      #expect(try queue.jobs.status(id).crashes == death)
    }

    let status = try queue.jobs.status(id)
    #expect(status.state == .failed)
    #expect(try #require(status.error).contains("lost 5 times"))
    #expect(
      try #require(status.error).components(
        separatedBy: "worker test on here was not heard of since"
      ).count == 6, "the evidence of each")
  }

  @Test func aClaimWhoseAnswerGotLostIsGivenBack() throws {
    let id = try queue.jobs.submit(order()).id
    let lost = try claim()
    let again = try claim()
    #expect(again.id == id && again.claim.fence > lost.claim.fence)
    let status = try queue.jobs.status(id)
    #expect(status.attempts == 1 && status.releases == 1)
  }

  @Test func cancellingOutlivesTheWorker() throws {
    let id = try queue.jobs.submit(order()).id
    let job = try claim()
    #expect(try queue.steering.cancel(id) == .running)
    #expect(try queue.release(job.claim))
    #expect(try queue.jobs.status(id).state == .cancelled)
    #expect(try queue.claim(worker: worker, models: ["m"]) == nil)
  }

  @Test func textWithNULIsRefusedWhole() throws {
    #expect(throws: PostgresError.self) { try queue.jobs.submit(order("before\u{0}after")) }
    #expect(try queue.jobs.list(limit: 1).isEmpty)
  }

  @Test func hostileTextIsOnlyText() throws {
    let text = "'); drop table docproc.job; -- $1 \\ <|im_end|> \u{1F4A9}"
    let id = try queue.jobs.submit(order(text, question: text)).id
    let job = try claim()
    #expect(job.id == id && job.text == text && job.question == text)
    #expect(try queue.jobs.documentText(id) == text)
  }

  @Test func badOrdersLeaveNothing() throws {
    #expect(throws: PostgresError.self) { try queue.jobs.submit(order(" \n ")) }
    #expect(throws: PostgresError.self) { try queue.jobs.submit(order("text", question: " ")) }
    #expect(try queue.jobs.list(limit: 10).isEmpty)
    #expect(try queue.connection.query("select from docproc.document").isEmpty)
  }

  @Test func claimersGetEachJobOnce() async throws {
    for number in 0..<60 { _ = try queue.jobs.submit(order("text \(number)")) }
    let url = try Self.cluster.get().url
    let claimed = try await withThrowingTaskGroup(of: [Int].self) { group in
      for _ in 0..<4 {
        group.addTask {
          let own = try PostgresWorkerQueue(url: url)
          var ids: [Int] = []
          while let job = try own.claim(worker: UUID(), models: ["m"]) { ids.append(job.id) }
          return ids
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(claimed.count == 60 && Set(claimed).count == 60)
  }

  @Test func migrationsAreCheckedAndRepeatable() throws {
    let url = try Self.cluster.get().url
    #expect(try JobDatabase.migrator.migrate(try Connection(url: url)).isEmpty)
    let other = url.replacingOccurrences(of: "/docproc?", with: "/other?")
    try queue.connection.execute(script: "drop database if exists other")
    try queue.connection.execute(script: "create database other")
    #expect(throws: PostgresError.neverMigrated) { try PostgresWorkerQueue(url: other) }
    #expect(
      try JobDatabase.migrator.migrate(try Connection(url: other)).steps
        == Migrations.history.map(\.version))
    let connection = try Connection(url: other)
    let known = Migrations.history.count
    try connection.execute(
      script: "insert into docproc.migration (version, name, breaking) values (99, 'future', false)"
    )
    _ = try PostgresWorkerQueue(url: other)
    #expect(
      try JobDatabase.migrator.migrate(connection).isEmpty,
      "a newer schema that breaks nothing is left alone")
    try connection.execute(
      script: "update docproc.migration set breaking = true where version = 99")
    #expect(throws: PostgresError.newerDatabase(version: 99, known: known)) {
      try PostgresWorkerQueue(url: other)
    }
    #expect(throws: PostgresError.newerDatabase(version: 99, known: known)) {
      try JobDatabase.migrator.migrate(connection)
    }
    try connection.query(
      "delete from docproc.migration where version in (99, $1)", [.integer(known)])
    #expect(throws: PostgresError.outdatedDatabase(version: known - 1, known: known)) {
      try PostgresWorkerQueue(url: other)
    }
  }
}
