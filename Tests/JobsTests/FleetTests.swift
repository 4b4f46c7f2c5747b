import Dispatch
import Foundation
import Jobs
import Postgres
import Results
import Synchronization
import TestSupport
import Testing

/// What several workers and operators do with one queue.
@Suite(.serialized) struct FleetTests {
  private static let cluster = Result { try TestCluster() }
  private let fixture: QueueFixture
  private var queue: PostgresWorkerQueue { fixture.queue }

  init() throws { fixture = try QueueFixture(try Self.cluster.get()) }

  private func saved(_ tokens: Int, key: String = "k", pages: [(Int, Int)] = []) throws
    -> Checkpoint
  {
    Checkpoint(
      key: key, tokens: tokens, seconds: 1.5, number: 0, isa: "x",
      state: try CompressedBytes(compressing: [UInt8(tokens % 256), 0, 39], level: 1),
      pages: try pages.map {
        .init(
          firstToken: $0, endToken: $1,
          data: try CompressedBytes(
            compressing: Array(repeating: UInt8($0 % 251), count: 40), level: 1))
      })
  }

  // MARK: Checkpoints

  @Test func aCheckpointIsReadByTheNextWorker() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let first = try fixture.claim()
    #expect(try queue.checkpoint(of: first.claim, key: "k") == nil)
    #expect(try queue.save(saved(512, pages: [(0, 520)]), first.claim))
    #expect(try queue.save(saved(1024, pages: [(520, 1032)]), first.claim))
    #expect(try queue.jobs.status(id).checkpointTokens == 1024)
    #expect(try queue.release(first.claim))
    let second = try fixture.claim()
    let found = try #require(try queue.checkpoint(of: second.claim, key: "k"))
    #expect(found.tokens == 1024 && found.number == 2 && found.seconds == 1.5 && found.isa == "x")
    #expect(try found.state.expanded() == [0, 0, 39])
    #expect(
      found.pages.map(\.firstToken) == [0, 520] && found.pages.map(\.endToken) == [520, 1032])
    #expect(try found.pages.map { try $0.data.expanded()[0] } == [0, 520 % 251].map { UInt8($0) })
    #expect(
      try queue.checkpoint(of: second.claim, key: "other") == nil, "of another model")
    #expect(
      try queue.checkpoint(of: first.claim, key: "k") == nil, "the claim is another's"
    )
  }

  @Test func aStaleFenceSavesNoCheckpoint() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let stale = try fixture.claim()
    #expect(try queue.save(saved(512), stale.claim))
    #expect(try queue.release(stale.claim))
    #expect(try !queue.save(saved(9999), stale.claim))
    let current = try fixture.claim()
    #expect(try !queue.save(saved(9999, pages: [(0, 9999)]), stale.claim))
    #expect(try queue.checkpoint(of: current.claim, key: "k")?.tokens == 512)
    #expect(try fixture.value("select count(*) from docproc.checkpoint_page") == "0")
  }

  @Test func aReadingThatBeganAnewReplacesAllPages() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let job = try fixture.claim()
    #expect(try queue.save(saved(512, pages: [(0, 520)]), job.claim))
    #expect(try queue.save(saved(1024, pages: [(520, 1032)]), job.claim))
    #expect(try queue.save(saved(256, key: "new", pages: [(0, 260)]), job.claim))
    let found = try #require(try queue.checkpoint(of: job.claim, key: "new"))
    #expect(found.number == 1 && found.pages.map(\.endToken) == [260])
  }

  @Test func checkpointsGoWithTheJobsEnd() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let job = try fixture.claim()
    #expect(try queue.save(saved(512, pages: [(0, 520)]), job.claim))
    #expect(try queue.complete(job.claim, fixture.record()))
    #expect(
      try fixture.value(
        "select (select count(*) from docproc.checkpoint) + (select count(*) from "
          + "docproc.checkpoint_page)"
      ) == "0")
  }

  /// The job's end waits for the transaction that saves, and sees what that inserted.
  @Test func theFirstCheckpointGoesThoughItIsSavedWhileTheJobEnds() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let job = try fixture.claim()
    let saving = try PostgresWorkerQueue(url: fixture.url)
    try saving.connection.execute(script: "begin")
    #expect(try saving.save(saved(512, pages: [(0, 520)]), job.claim))
    let url = fixture.url
    let record = fixture.record()
    let accepted = Mutex(false)
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      let isAccepted = try? PostgresWorkerQueue(url: url).complete(job.claim, record)
      accepted.withLock { $0 = isAccepted == true }
      ended.signal()
    }
    let deadline = Date().addingTimeInterval(20)
    while try fixture.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
      == "0", Date() < deadline
    {
      Thread.sleep(forTimeInterval: 0.02)
    }
    try saving.connection.execute(script: "commit")
    #expect(ended.wait(timeout: .now() + 20) == .success)
    #expect(accepted.withLock { $0 })
    #expect(
      try fixture.value(
        "select (select count(*) from docproc.checkpoint) + (select count(*) from "
          + "docproc.checkpoint_page)"
      ) == "0")
  }

  @Test func savingDoesNotHoldUpProgress() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let job = try fixture.claim()
    let other = try PostgresWorkerQueue(url: fixture.url)
    try other.connection.execute(script: "begin")
    #expect(try other.save(saved(512), job.claim))
    try fixture.run("set lock_timeout = '2s'")
    #expect(
      try queue.report(job.claim, JobProgress(tokens: 1, total: 2, steps: 1))
        == .going)
    #expect(throws: PostgresError.self, "while a rescue has to wait for it") {
      try queue.release(job.claim)
    }
    try other.connection.execute(script: "commit")
    #expect(try queue.release(job.claim))
  }

  // MARK: Pause, preemption, deadlines

  @Test func pausedJobsWaitUntilTheyAreResumed() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    #expect(try queue.steering.pause(id) == .paused)
    #expect(try queue.claim(worker: fixture.worker, models: ["m"]) == nil)
    #expect(try queue.steering.resume(id) == .available)
    let job = try fixture.claim()
    #expect(try queue.steering.pause(id) == .running)
    #expect(try queue.report(job.claim, JobProgress()) == .pause)
    #expect(try queue.release(job.claim))
    let status = try queue.jobs.status(id)
    #expect(status.state == .paused && status.attempts == 0 && status.releases == 1)
    #expect(try queue.steering.cancel(id) == .cancelled)
    #expect(try queue.steering.pause(id) == .cancelled && queue.steering.resume(id) == .cancelled)
  }

  @Test func aPauseThatIsTakenBackStopsNothing() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let job = try fixture.claim()
    #expect(try queue.steering.pause(id) == .running)
    #expect(try queue.steering.resume(id) == .running)
    #expect(try queue.report(job.claim, JobProgress()) == .going)
  }

  @Test func theLeastImportantReadingMakesWay() throws {
    let others = [UUID(), UUID()]
    for other in others { try fixture.register(other, "other") }
    let low = try queue.jobs.submit(fixture.order("low", priority: 1)).id
    let lowJob = try fixture.claim()
    let middle = try queue.jobs.submit(fixture.order("middle", priority: 3)).id
    let middleJob = try fixture.claim(as: others[0])
    #expect(lowJob.id == low && middleJob.id == middle)
    let high = try queue.jobs.submit(fixture.order("high", priority: 5)).id
    _ = try queue.jobs.submit(fixture.order("as low", priority: 1))
    _ = try queue.sweepNow()
    #expect(
      try queue.report(lowJob.claim, JobProgress()) == .going,
      "an idle worker may take it first")
    try fixture.run(
      "update docproc.ready set available_at = clock_timestamp() - interval '1 minute'")
    for _ in 0..<3 { _ = try queue.sweepNow() }
    #expect(try queue.report(lowJob.claim, JobProgress()) == .preempt)
    #expect(
      try queue.report(middleJob.claim, JobProgress()) == .going,
      "one reading for one job")
    #expect(try queue.release(lowJob.claim))
    #expect(try fixture.claim().id == high)
    let status = try queue.jobs.status(low)
    #expect(status.state == .available && status.attempts == 0 && status.releases == 1)
  }

  @Test func nobodyMakesWayForAModelThatItCannotRun() throws {
    try fixture.run("update docproc.worker set models = '{other}', takes_paths = false")
    let id = try queue.jobs.submit(fixture.order()).id
    let job = try fixture.claim()
    _ = try queue.jobs.submit(fixture.order("high", priority: 5))
    try fixture.run(
      "update docproc.ready set available_at = clock_timestamp() - interval '1 minute'")
    _ = try queue.sweepNow()
    #expect(try queue.report(job.claim, JobProgress()) == .going)
  }

  @Test func aJobPastItsDeadlineFails() throws {
    let id = try queue.jobs.submit(fixture.order(deadline: 60)).id
    let job = try fixture.claim()
    #expect(try queue.sweepNow() == 0)
    try fixture.run("update docproc.claim set claimed_at = clock_timestamp() - interval '61 s'")
    #expect(try queue.sweepNow() == 1)
    #expect(try queue.jobs.status(id).state == .failed)
    #expect(try #require(queue.jobs.status(id).error).contains("deadline of 00:01:00"))
    #expect(try queue.report(job.claim, JobProgress()) == .lost)
  }

  @Test func aWorkerThatLivesAndDoesNothingLosesItsJob() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let job = try fixture.claim()
    try fixture.run(
      "update docproc.claim set worked_at = clock_timestamp() - interval '16 minutes'")
    #expect(
      try queue.report(job.claim, JobProgress(tokens: 1, total: 2, steps: 1))
        == .going)
    #expect(try queue.sweepNow() == 0, "it did something")
    try fixture.run(
      "update docproc.claim set worked_at = clock_timestamp() - interval '16 minutes'")
    #expect(
      try queue.report(job.claim, JobProgress(tokens: 1, total: 2, steps: 1))
        == .going)
    #expect(try queue.sweepNow() == 1, "the same step again is none")
    let status = try queue.jobs.status(id)
    #expect(status.state == .available && status.crashes == 1)
  }

  @Test func speedAndTimeLeftAreShown() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let job = try fixture.claim()
    #expect(
      try queue.report(
        job.claim, JobProgress(tokens: 200, total: 1000, steps: 1, resumedFrom: 200)
      ) == .going)
    try fixture.run("update docproc.claim set reading_since = clock_timestamp() - interval '10 s'")
    #expect(
      try queue.report(
        job.claim, JobProgress(tokens: 400, total: 1000, steps: 2, resumedFrom: 200)
      ) == .going)
    let status = try queue.jobs.status(id)
    #expect(abs(try #require(status.tokensPerSecond) - 20) < 1)
    #expect((29...31).contains(try #require(status.etaSeconds)))
  }

  // MARK: Orders

  @Test func ordersWithTheSameKeyAreTheSameJob() throws {
    let first = try queue.jobs.submit(fixture.order("one", key: "mine"))
    let second = try queue.jobs.submit(fixture.order("two", key: "mine"))
    #expect(first.created && !second.created && first.id == second.id)
    #expect(
      try queue.jobs.submit(fixture.order("one")).created, "without the key it is another order")
  }

  @Test func anOrderIsPartOfItsTransaction() throws {
    try fixture.run("begin")
    _ = try queue.jobs.submit(fixture.order())
    try fixture.run("rollback")
    #expect(try queue.jobs.list(limit: 1).isEmpty)
  }

  @Test func manyOrdersAreGivenAtOnceOrNotAtAll() throws {
    let orders =
      #"[{"document_name":"a","document_text":"one"},{"document_name":"b","document_text":"two","task":"ask","question":"Who?"}]"#
    let rows = try queue.connection.query(
      "select ordinal, job_id, created from docproc.submit_many($1::jsonb)", [.text(orders)])
    #expect(try rows.map { try $0.integer("ordinal") } == [1, 2])
    #expect(try queue.jobs.list(limit: 9).map(\.document) == ["b", "a"])
    #expect(try queue.jobs.documentText(rows[0].integer("job_id")) == "one")
    let bad =
      #"[{"document_name":"c","document_text":"three"},{"document_name":"d","document_text":" "}]"#
    #expect(throws: PostgresError.self) {
      try queue.connection.query("select docproc.submit_many($1::jsonb)", [.text(bad)])
    }
    let unknown = #"[{"document_name":"c","document_text":"three","prio":1}]"#
    #expect(throws: PostgresError.self) {
      try queue.connection.query("select docproc.submit_many($1::jsonb)", [.text(unknown)])
    }
    #expect(try queue.jobs.list(limit: 9).count == 2)
  }

  @Test func tooLongADocumentIsRefusedAndTheQueueGoesOn() throws {
    try fixture.set("most_document_bytes", "20")
    defer { try? fixture.set("most_document_bytes", "268435456") }
    do {
      _ = try queue.jobs.submit(fixture.order("This text has more than twenty bytes."))
      Issue.record("it was taken")
    } catch let error as PostgresError {
      #expect(
        "\(error)".contains("37 bytes, more than the limit of 20")
          && "\(error)".contains("most_document_bytes"))
    }

    #expect(try queue.jobs.submit(fixture.order("short")).created)
  }

  @Test func waitingEndsWithTheJobOrTheTime() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let begun = Date()
    #expect(try fixture.value("docproc.wait(\(id), interval '0.6 s')") == "available")
    #expect(Date().timeIntervalSince(begun) >= 0.6)
    let job = try fixture.claim()
    #expect(try queue.complete(job.claim, fixture.record()))
    #expect(try fixture.value("docproc.wait(\(id))") == "completed")
  }

  // MARK: Retention

  @Test func oldResultsAreForgottenWhenTheSettingsSaySo() throws {
    let id = try queue.jobs.submit(fixture.order()).id
    let job = try fixture.claim()
    #expect(try queue.complete(job.claim, fixture.record()))
    let waiting = try queue.jobs.submit(fixture.order("waiting")).id
    try fixture.run(
      "update docproc.job_state set finished_at = finished_at - interval '40 days' where "
        + "finished_at is not null"
    )
    try fixture.run("update docproc.document set created_at = created_at - interval '40 days'")
    #expect(try queue.forgetOld() == 0, "by default nothing is")
    try fixture.set("keep_results", "30 days")
    defer { try? fixture.set("keep_results", "") }
    #expect(try queue.forgetOld() == 1)
    #expect(try queue.jobs.list(limit: 9).map(\.id) == [waiting])
    #expect(try fixture.value("select count(*) from docproc.document") == "1")
  }

  @Test func eventsAreKeptByMonths() throws {
    try fixture.run(
      """
      create table docproc.event_2020_01 partition of docproc.event for values from ('2020-01-01') to ('2020-02-01');
      insert into docproc.event (job_id, at, kind) values (1, '2020-01-15', 'submitted');
      """)
    _ = try queue.jobs.submit(fixture.order())
    _ = try queue.forgetOld()
    #expect(try fixture.value("to_regclass('docproc.event_2020_01') is null") == "true")
    #expect(try fixture.value("select count(*) from docproc.event") == "1")
    #expect(
      try fixture.value("select count(*) from docproc.event_other") == "0",
      "this month has a partition")
  }
}
