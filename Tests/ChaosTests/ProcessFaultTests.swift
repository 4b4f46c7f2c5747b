import Results
import Postgres
import Documents
import Foundation
import Jobs
import TestSupport
import Testing

/// Workers that are killed, frozen, told to stop.
@Suite(.serialized) struct ProcessFaultTests {
  /// SIGKILL at random moments; every killed worker is replaced.
  @Test func killedWorkersLoseNothing() throws {
    let fleet = try Fleet(seed: ChaosScale.seed)
    var jobs = try fleet.submit(ChaosScale.of(12, full: 200), tokens: 6_000)
    var random = SplitMix(ChaosScale.seed &+ 1)
    var number = 0
    for _ in 0..<2 {
      number += 1
      try fleet.start("worker-\(number)")
    }

    var kills = 0
    var alive = fleet.workers
    let least = ChaosScale.of(2, full: 50)
    let most = ChaosScale.of(8, full: 150)
    let done = try fleet.wait(
      until: { kills >= least ? jobs.count : .max },
      seconds: Double(ChaosScale.of(240, full: 3000)), every: 0.2
    ) {
      // A fast machine is done before it was hurt often enough.
      if kills < least, try fleet.count("select count(*) from docproc.ready") < 4 {
        jobs += try fleet.submit(6, tokens: 6_000)
      }
      guard kills < most, Int.random(in: 0..<5, using: &random) == 0 else { return }
      alive.remove(at: Int.random(in: 0..<alive.count, using: &random)).kill()
      kills += 1
      number += 1
      alive.append(try fleet.start("worker-\(number)"))
    }
    #expect(done)
    try fleet.judge(jobs)
    #expect(kills >= least)
    let waits = Quantiles(try rescueSeconds(fleet))
    let again = Invariants.tokensReadAgain(try WriteLog.entries(fleet.queue))
    ChaosScale.report(
      "SIGKILL: \(jobs.count) jobs, \(kills) kills, "
        + "\(try fleet.count("select count(*) from docproc.event where kind = 'rescued'")) "
        + "rescues; "
        + "lease 3 s, re-claimed p50 \(waits.at(0.5)) s, p99 \(waits.at(0.99)) s after the last "
        + "sign of life; "
        + "tokens read again a rescue: median \(Quantiles(again.map(Double.init)).at(0.5)), most "
        + "\(again.max() ?? 0)"
    )
    #expect(waits.at(0.99) <= 3 + 5)
  }

  /// Seconds from a dead worker's last heartbeat to the next claim of its job.
  private func rescueSeconds(_ fleet: Fleet) throws -> [Double] {
    try fleet.queue.connection.query(
      """
      select extract(epoch from n.at - (substring(e.detail from 'since ([-0-9: ]+),')::timestamp at time zone 'UTC'))::float8 as seconds
      from docproc.event e
      join lateral (select c.at from docproc.event c where c.job_id = e.job_id and c.kind = 'claimed' and c.id > e.id order by c.id limit 1) n on true
      where e.kind = 'rescued'
      """
    ).compactMap { Double(try $0.text("seconds")) }
  }

  /// SIGSTOP for longer than the lease, then SIGCONT: the worker finds its claim another's.
  @Test func frozenWorkersWriteNothingStale() throws {
    let fleet = try Fleet(
      seed: ChaosScale.seed &+ 2, times: Fleet.Times(lease: 0.6, checkpoint: 0.2))
    var random = SplitMix(ChaosScale.seed &+ 3)
    for number in 1...4 { try fleet.start("worker-\(number)") }
    let trials = ChaosScale.of(12, full: 1000)
    var frozen = 0
    var jobs = [Int]()
    let limit = Date().addingTimeInterval(Double(ChaosScale.of(120, full: 3000)))
    while frozen < trials, Date() < limit {
      if try fleet.count("select count(*) from docproc.ready") < 4 {
        jobs += try fleet.submit(4, tokens: 8_000)
      }
      let victim = fleet.workers[Int.random(in: 0..<4, using: &random)]
      guard let held = try fence(of: victim.name, fleet) else {
        Thread.sleep(forTimeInterval: 0.05)
        continue
      }
      victim.signal(SIGSTOP)
      // Until its claim is taken back, and a little longer, so that another may be writing about
      // the job.
      let deadline = Date().addingTimeInterval(10)
      while try fleet.count("select count(*) from docproc.claim where fence = \(held)") > 0,
        Date() < deadline
      {
        Thread.sleep(forTimeInterval: 0.05)
      }
      Thread.sleep(forTimeInterval: Double.random(in: 0...0.3, using: &random))
      victim.signal(SIGCONT)
      if try fleet.count(
        "select count(*) from docproc.event where kind = 'rescued' and fence = \(held)") > 0
      {
        frozen += 1
      }
    }

    #expect(frozen == trials)
    #expect(try fleet.wait(until: jobs.count, seconds: 120))
    try fleet.judge(jobs)
    ChaosScale.report(
      "SIGSTOP past the lease: \(frozen) trials, \(jobs.count) jobs, 0 stale writes of "
        + "heartbeat, checkpoint or result"
    )
  }

  private func fence(of worker: String, _ fleet: Fleet) throws -> Int? {
    let row = try fleet.queue.connection.query(
      "select c.fence from docproc.claim c join docproc.worker w on w.id = c.worker_id where "
        + "w.name = $1 and c.work > 0",
      [.text(worker)]
    ).first
    return try row?.integer("fence")
  }

  /// SIGTERM: the reading is saved, the job given back without using up an attempt, and goes on
  /// elsewhere.
  @Test func drainedReadingsGoOnWhereTheyStood() throws {
    let fleet = try Fleet(
      seed: ChaosScale.seed &+ 4, times: Fleet.Times(lease: 10, checkpoint: 1000))
    let job = try #require(try fleet.submit(1, tokens: 20_000).first)
    let first = try fleet.start("first")
    #expect(try waitForWork(job, fleet))
    first.signal(SIGTERM)
    #expect(first.wait(seconds: 10) == 0)
    let between = try fleet.queue.jobs.status(job)
    #expect(
      between.state == .available && between.attempts == 0 && between.releases == 1
        && between.crashes == 0)
    let saved = try #require(between.checkpointTokens)
    try fleet.start("second")
    #expect(try fleet.wait(until: 1, seconds: 120))
    let result = try fleet.queue.jobs.result(job)
    #expect(
      result.reading.resumedFrom == saved && result.worker == "second"
        && result.reading.checkpoints == 1)
    try fleet.judge([job])
    #expect(Invariants.tokensReadAgain(try WriteLog.entries(fleet.queue)).allSatisfy { $0 == 0 })
  }

  private func waitForWork(_ job: Int, _ fleet: Fleet) throws -> Bool {
    let deadline = Date().addingTimeInterval(30)
    while Date() < deadline {
      if try fleet.queue.jobs.status(job).tokensRead ?? 0 > 0 { return true }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return false
  }

  /// SIGKILL while answers are written: another worker writes the same text.
  @Test func writingThatIsKilledGivesTheSameText() throws {
    try killWriters(times: 10, thinks: nil)
  }

  /// SIGKILL in the middle of thinking: another worker thinks the same.
  @Test func thinkingThatIsKilledIsThoughtAgain() throws { try killWriters(times: 4, thinks: 1200) }

  private func killWriters(times: Int, thinks: Int?) throws {
    let fleet = try Fleet(
      seed: ChaosScale.seed &+ 8, times: Fleet.Times(lease: 0.8, checkpoint: 0.05))
    let answers = try LongAnswers(fleet, seed: ChaosScale.seed &+ 9, thinks: thinks)
    var places: [Int] = []
    var jobs: [Int] = []
    let limit = Date().addingTimeInterval(240)
    var worker = try fleet.start("writer-0")
    while places.count < times, Date() < limit {
      let job = try answers.submit()
      jobs.append(job)
      // The later the further: kills are spread over the text.
      let wanted = 1 + places.count * answers.tokens / (times + 2)
      while try !fleet.queue.jobs.status(job).isFinal, Date() < limit {
        let status = try fleet.queue.jobs.status(job)
        guard let written = status.writtenTokens, written >= wanted else { continue }
        worker.kill()
        places.append(written)
        worker = try fleet.start("writer-\(places.count)")
        break
      }
    }

    #expect(places.count >= times)
    #expect(try fleet.wait(until: jobs.count, seconds: 120))
    fleet.stopAll()
    for job in jobs {
      let record = try fleet.queue.jobs.result(job)
      #expect(record.answer == answers.expected && record.reading.generatedTokens == answers.tokens)
      #expect(record.reasoning == answers.reasoning)
      #expect(thinks == nil || record.reading.reasoningTokens ?? 0 >= thinks ?? 0)
    }
    #expect(Invariants.violations(try WriteLog.entries(fleet.queue)) == [])
    let resumed = try jobs.filter { try fleet.queue.jobs.result($0).reading.resumedFrom != nil }
    ChaosScale.report(
      "SIGKILL while \(thinks == nil ? "writing" : "thinking"): at \(places) of \(answers.tokens) tokens, the same each time; "
        + "\(resumed.count) of \(jobs.count) did not read again")
  }

  @Test func aSecondSignalEndsTheWorkerAtOnce() throws {
    let fleet = try Fleet(
      seed: ChaosScale.seed &+ 5, times: Fleet.Times(lease: 2, checkpoint: 1000))
    let job = try #require(try fleet.submit(1, tokens: 20_000).first)
    let worker = try fleet.start("first")
    #expect(try waitForWork(job, fleet))
    // Its last checkpoint has to wait for this lock: the first signal cannot be obeyed.
    try fleet.queue.connection.execute(
      script: "begin; lock table docproc.checkpoint in exclusive mode")
    worker.signal(SIGTERM)
    #expect(worker.wait(seconds: 1) == nil)
    worker.signal(SIGTERM)
    #expect(worker.wait(seconds: 2) == 128 + SIGTERM)
    try fleet.queue.connection.execute(script: "rollback")
    try fleet.start("second")
    #expect(try fleet.wait(until: 1, seconds: 60))
    try fleet.judge([job])
  }

  @Test func cancellingReachesARunningWorkerWithinTwoSeconds() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 6)
    let job = try #require(try fleet.submit(1, tokens: 20_000).first)
    try fleet.start("first")
    #expect(try waitForWork(job, fleet))
    let begun = Date()
    #expect(try fleet.queue.steering.cancel(job) == .running)
    while try fleet.queue.jobs.status(job).state != .cancelled,
      Date().timeIntervalSince(begun) < 10
    {
      Thread.sleep(forTimeInterval: 0.01)
    }

    let took = Date().timeIntervalSince(begun)
    #expect(took < 2)
    ChaosScale.report("cancel of a running job: \(took) s")
  }

  @Test func aMoreImportantJobInterruptsAReadingThatThenGoesOn() throws {
    // Sweeps come ten times a lease.
    let fleet = try Fleet(
      seed: ChaosScale.seed &+ 7, times: Fleet.Times(lease: 3, checkpoint: 1000))
    try fleet.queue.connection.execute(
      script: "update docproc.setting set value = '0.2 s' where name = 'preempt_after'")
    let long = try #require(try fleet.submit(1, tokens: 25_000).first)
    try fleet.start("only")
    #expect(try waitForWork(long, fleet))
    let urgent = try fleet.queue.jobs.submit(
      JobOrder(
        Document(name: "urgent.txt", text: "An urgent text. It is short."), .summarize,
        model: "tiny", priority: 9)
    ).id
    #expect(try fleet.wait(until: 2, seconds: 120))
    try fleet.judge([long, urgent])
    let first = try fleet.queue.jobs.status(urgent)
    let second = try fleet.queue.jobs.status(long)
    #expect(try #require(first.finishedAt) < #require(second.finishedAt))
    #expect(second.attempts == 1 && second.releases == 1)
    #expect(try #require(fleet.queue.jobs.result(long).reading.resumedFrom) > 0)
  }
}
