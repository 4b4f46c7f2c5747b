import Foundation
import Host
import Jobs
import Postgres
import Results
import TestSupport
import Testing

/// What operators and tenants do to a fleet, knowingly or not.
@Suite(.serialized) struct OperationFaultTests {
  /// The network or a fail-over takes longer than a lease; the server itself never stops.
  @Test func anOutageLongerThanALeaseIsNobodysDeath() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 60)
    let jobs = try fleet.submit(ChaosScale.of(4, full: 20), tokens: 10_000)
    for number in 1...2 { try fleet.start("worker-\(number)") }
    while try fleet.count("select count(*) from docproc.claim where tokens_done > 0") < 2 {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let outside = try Connection(
      url: fleet.url.replacingOccurrences(of: "/docproc?", with: "/postgres?"))
    try outside.execute(script: "alter database docproc allow_connections false")
    try outside.execute(
      script: "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'docproc'")
    Thread.sleep(forTimeInterval: 4.5)  // of a lease of 3 s
    try outside.execute(script: "alter database docproc allow_connections true")
    try fleet.reconnect()
    #expect(try fleet.wait(until: jobs.count, seconds: Double(ChaosScale.of(240, full: 1200))))
    try fleet.judge(jobs)
    let crashes = try fleet.count("select sum(crashes) from docproc.job_state")
    let rescued = try fleet.count("select count(*) from docproc.event where kind = 'rescued'")
    #expect(crashes == 0 && rescued == 0)
    ChaosScale.report("outage of 1.5 leases: \(jobs.count) jobs, \(crashes) crashes counted")
  }

  /// A tenant's document ends every process that reads it.
  @Test func aPoisonJobTakesTwoProcessesAtMost() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 61)
    try fleet.queue.connection.execute(
      script: "update docproc.setting set value = '2' where name = 'most_deaths'")
    let poison = try #require(try fleet.submit(1, tokens: 5_000).first)
    let others = try fleet.submit(ChaosScale.of(6, full: 40), tokens: 2_000)
    for number in 1...4 { try fleet.start("worker-\(number)") }
    var killed: [String] = []
    let begun = Date()
    let done = try fleet.wait(
      until: others.count + 1, seconds: Double(ChaosScale.of(180, full: 600)), every: 0.02
    ) {
      let holder = try fleet.queue.connection.query(
        """
        select w.name from docproc.claim c join docproc.worker w on w.id = c.worker_id
        where c.job_id = $1
        """, [.integer(poison)]
      ).first?.text("name")
      guard let holder, !killed.contains(holder) else { return }
      killed.append(holder)
      fleet.workers.first { $0.name == holder }?.kill()
    }
    #expect(done)
    let status = try fleet.queue.jobs.status(poison)
    #expect(status.state == .failed && status.error?.contains("set aside") == true)
    #expect(killed.count == 2, "\(killed)")
    #expect(try others.allSatisfy { try fleet.queue.jobs.status($0).state == .completed })
    try fleet.judge(others)
    ChaosScale.report(
      "poison job in a fleet of four: \(killed.count) processes lost, \(others.count) other jobs "
        + "done, in \(Int(-begun.timeIntervalSinceNow)) s")
  }

  @Test func aBreakingStepEndsWorkersThatCannotWork() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 62, times: Fleet.Times(lease: 60))
    let jobs = try fleet.submit(2, tokens: 20_000)
    let workers = try (1...2).map { try fleet.start("worker-\($0)") }
    while try fleet.count("select count(*) from docproc.claim where tokens_done > 0") < 2 {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let begun = Date()
    try fleet.queue.connection.execute(
      script: "insert into docproc.migration (version, name, breaking) values (999, 'future', true)"
    )
    for worker in workers { #expect(worker.wait(seconds: 30) == 78) }
    let took = -begun.timeIntervalSinceNow
    for job in jobs {
      let status = try fleet.queue.jobs.status(job)
      #expect(status.state == .available && status.crashes == 0 && status.attempts == 0)
    }
    try fleet.queue.connection.execute(script: "delete from docproc.migration where version = 999")
    try fleet.start("worker-3")
    #expect(try fleet.wait(until: 2, seconds: 240))
    try fleet.judge(jobs)
    ChaosScale.report("breaking step under two reading workers: both ended after \(took) s")
  }

  @Test func revokedRightsEndAWorkerInTheMiddleOfAReading() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 63, times: Fleet.Times(lease: 60))
    try fleet.queue.connection.execute(
      script: "create role hand login; grant docproc_worker to hand")
    let job = try #require(try fleet.submit(1, tokens: 30_000).first)
    let url = fleet.url.replacingOccurrences(of: "user=docproc", with: "user=hand")
    let worker = try fleet.start("worker-1", url: url)
    while try fleet.count("select count(*) from docproc.claim where tokens_done > 0") < 1 {
      Thread.sleep(forTimeInterval: 0.05)
    }
    try fleet.queue.connection.execute(script: "revoke docproc_worker from hand")
    #expect(worker.wait(seconds: 30) == 78)
    #expect(fleet.logText("worker-1").contains("cannot work"))
    #expect(try fleet.queue.jobs.status(job).state == .running, "it may not even give it back")
  }

  /// Months come and go behind whoever reads events; orders go on meanwhile.
  @Test func retentionBehindAnOpenReaderHoldsNobodyUp() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 64)
    try fleet.queue.connection.dropMonths()
    try fleet.queue.connection.addOldMonth()
    let reader = try Connection(url: fleet.url)
    try reader.execute(script: "begin; select count(*) from docproc.events")
    try fleet.start("worker-1")
    let url = fleet.url
    let keeper = Thread {
      guard let queue = try? PostgresWorkerQueue(url: url) else { return }
      for _ in 0..<20 { _ = try? queue.forgetOld() }
    }
    keeper.start()
    var waits: [Double] = []
    var jobs: [Int] = []
    for _ in 0..<20 {
      let begun = Date()
      jobs += try fleet.submit(1, tokens: 200)
      waits.append(-begun.timeIntervalSinceNow)
    }
    #expect(try fleet.wait(until: jobs.count, seconds: 120))
    try reader.execute(script: "commit")
    try fleet.judge(jobs)
    let waited = Quantiles(waits)
    ChaosScale.report("retention behind an open reader: submits take at most \(waited.at(1)) s")
    #expect(waited.at(1) < 2)
  }

  /// A copy of the database is brought up beside the original, on a host with the original's spool.
  @Test func aRestoredCopyTakesNothingFromProduction() throws {
    let fleet = try Fleet(
      seed: ChaosScale.seed &+ 65, times: Fleet.Times(lease: 600, checkpoint: 1000))
    let job = try #require(try fleet.submit(1, tokens: 1_000).first)
    _ = try fleet.queue.databaseIdentity()
    try fleet.queue.connection.execute(script: "begin; lock table docproc.result in exclusive mode")
    let worker = try fleet.start("first")
    func spooled() -> Int {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: fleet.spool("first"))) ?? []
      return names.count { $0.hasSuffix(".result") }
    }
    let deadline = Date().addingTimeInterval(60)
    while spooled() == 0, Date() < deadline { Thread.sleep(forTimeInterval: 0.05) }
    worker.kill()
    try ServerControl.run(
      "pg_dump",
      ["-Fc", "-f", fleet.cluster.directory.path + "/postgres/dump", "-d", fleet.url])
    _ = try fleet.queue.connection.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'first'")
    Thread.sleep(forTimeInterval: 0.5)
    try fleet.queue.connection.execute(script: "rollback")
    try fleet.queue.connection.execute(script: "create database copied")
    let copy = fleet.url.replacingOccurrences(of: "/docproc?", with: "/copied?")
    try ServerControl.run(
      "pg_restore", ["-d", copy, fleet.cluster.directory.path + "/postgres/dump"])

    func start(_ name: String, _ url: String) throws -> WorkerProcess {
      try WorkerProcess(
        name: name,
        command: [
          Program.directory + "/docproc-worker", "--name", name, "--threads", "1", "--spool",
          fleet.spool("first"),
        ],
        environment: [
          "DATABASE_URL": url, "DOCPROC_HOME": fleet.cluster.directory.path, "PGAPPNAME": "first",
        ], log: fleet.log(name))
    }
    let other = try start("of-the-copy", copy)
    Thread.sleep(forTimeInterval: 4)
    other.kill()
    #expect(spooled() == 1, "it is not the copy's")
    let own = try start("own", fleet.url)
    defer { own.kill() }
    #expect(try fleet.wait(until: 1, seconds: 30))
    #expect(try fleet.queue.jobs.result(job).worker == "first")
  }
}
