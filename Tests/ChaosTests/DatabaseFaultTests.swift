import Results
import Foundation
import Host
import Jobs
import Postgres
import TestSupport
import Testing

/// The database goes away for a while, or for good.
@Suite(.serialized) struct DatabaseFaultTests {
  /// Restarts, killed backends and an exhausted pool while jobs run.
  @Test func outagesLoseNothing() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 20)
    let server = ServerControl(fleet)
    let jobs = try fleet.submit(ChaosScale.of(8, full: 100), tokens: 5_000)
    for number in 1...2 { try fleet.start("worker-\(number)") }
    var random = SplitMix(ChaosScale.seed &+ 21)
    var faults = 0
    var pauses = [Double]()
    let most = ChaosScale.of(4, full: 40)
    let done = try fleet.wait(
      until: jobs.count, seconds: Double(ChaosScale.of(200, full: 2400)), every: 0.7
    ) {
      guard faults < most else { return }
      faults += 1
      switch faults % 4 {
      case 0:
        try exhaustConnections(fleet)
      case 1:
        _ = try? fleet.queue.connection.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name like "
            + "'worker-%'"
        )
      default:
        try server.stop(mode: faults % 4 == 2 ? "fast" : "immediate")
        Thread.sleep(forTimeInterval: Double.random(in: 0.1...4, using: &random))
        try server.start()
        try fleet.reconnect()
      }
      pauses.append(try secondsUntilWork(fleet, of: jobs.count))
    }
    #expect(done)
    try fleet.judge(jobs)
    let waits = Quantiles(pauses)
    ChaosScale.report(
      "Postgres restarted, crashed, backends killed, pool exhausted: \(jobs.count) jobs, "
        + "\(faults) faults; work goes on after "
        + "p50 \(waits.at(0.5)) s, at most \(waits.at(1)) s")
    #expect(waits.at(1) <= 10)
  }

  /// Takes every connection that is left, for a moment.
  private func exhaustConnections(_ fleet: Fleet) throws {
    var held: [Connection] = []
    while held.count < 200, let connection = try? Connection(url: fleet.url) {
      held.append(connection)
    }

    _ = try? fleet.queue.connection.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like "
        + "'worker-%'"
    )
    Thread.sleep(forTimeInterval: 1.5)
    withExtendedLifetime(held) {}
  }

  /// Until something is written about a job again, or all are done.
  private func secondsUntilWork(_ fleet: Fleet, of jobs: Int) throws -> Double {
    let begun = Date()
    let before = try fleet.count("select coalesce(max(id), 0) from docproc.write_log")
    while Date().timeIntervalSince(begun) < 30 {
      if try fleet.count("select count(*) from docproc.write_log where id > \(before)") > 0 {
        break
      }
      if try fleet.finished() == jobs { break }
      Thread.sleep(forTimeInterval: 0.05)
    }

    return Date().timeIntervalSince(begun)
  }

  /// The standby takes over; whoever wrote to the old primary finds the new one.
  @Test func aPromotedStandbyIsFollowed() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 22)
    let primary = ServerControl(fleet)
    let folder = fleet.cluster.directory.path + "/standby"
    let socket = folder + "/run"
    for path in [folder, socket] { try makeFolder(path) }
    let host = fleet.cluster.directory.path + "/postgres/run"
    try ServerControl.run(
      "pg_basebackup",
      ["-h", host, "-U", "docproc", "-D", folder + "/data", "-R", "-X", "stream", "-c", "fast"])
    let standby = ServerControl(data: folder + "/data")
    try standby.configure(
      "unix_socket_directories = '\(socket)'",
      "primary_conninfo = 'host=\(host) user=docproc application_name=standby'")
    try standby.start()
    defer { try? standby.stop(mode: "immediate") }
    try fleet.queue.connection.execute(
      script: "alter system set synchronous_standby_names = 'standby'; ")
    try fleet.queue.connection.execute(script: "select pg_reload_conf()")
    let jobs = try fleet.submit(ChaosScale.of(6, full: 40), tokens: 5_000)
    let url = "postgresql:///docproc?host=\(escaped(host)),\(escaped(socket))&user=docproc"
    for number in 1...2 { try fleet.start("worker-\(number)", url: url) }
    #expect(try fleet.wait(until: jobs.count / 3, seconds: 120))
    let acknowledged = try fleet.finished()
    try primary.stop(mode: "immediate")
    try standby.promote()
    try fleet.reconnect(url: url)
    try fleet.queue.connection.execute(script: "alter system reset synchronous_standby_names")
    try fleet.queue.connection.execute(script: "select pg_reload_conf()")
    #expect(try fleet.finished() >= acknowledged, "what was committed is there")
    let begun = Date()
    let before = try fleet.count("select max(id) from docproc.write_log")
    while try fleet.count("select max(id) from docproc.write_log") == before,
      Date().timeIntervalSince(begun) < 30
    {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let pause = Date().timeIntervalSince(begun)
    #expect(try fleet.wait(until: jobs.count, seconds: Double(ChaosScale.of(120, full: 900))))
    try fleet.judge(jobs)
    ChaosScale.report(
      "standby promoted: \(jobs.count) jobs, work goes on \(pause) s after the promotion")
    #expect(pause <= 10)
  }

  private func escaped(_ path: String) -> String {
    path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? path
  }

  private func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    if getuid() == 0, let owner = getpwnam("postgres") {
      chown(path, owner.pointee.pw_uid, owner.pointee.pw_gid)
    }
  }

  /// A finished result waits on the worker's disk through an outage, even when the worker ends
  /// meanwhile.
  @Test func aFinishedResultOutlivesOutageAndWorker() throws {
    let fleet = try Fleet(
      seed: ChaosScale.seed &+ 23, times: Fleet.Times(lease: 600, checkpoint: 1000))
    let job = try #require(try fleet.submit(1, tokens: 1_000).first)
    // The result cannot be written as long as this lock is held: the worker keeps offering it.
    try fleet.queue.connection.execute(script: "begin; lock table docproc.result in exclusive mode")
    let worker = try fleet.start("first")
    let spooled = {
      try FileManager.default.contentsOfDirectory(atPath: fleet.spool("first")).count {
        $0.hasSuffix(".result")
      }
    }
    let deadline = Date().addingTimeInterval(60)
    while (try? spooled()) ?? 0 == 0, Date() < deadline { Thread.sleep(forTimeInterval: 0.05) }
    #expect(try spooled() == 1)
    worker.kill()
    // What the server already has of the dead worker would be carried out when the lock goes.
    _ = try fleet.queue.connection.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'first'")
    while try fleet.count("select count(*) from pg_stat_activity where application_name = 'first'")
      > 0
    {
      try fleet.queue.connection.execute(script: "select pg_stat_clear_snapshot()")
      Thread.sleep(forTimeInterval: 0.05)
    }
    try fleet.queue.connection.execute(script: "rollback")
    #expect(try fleet.queue.jobs.status(job).state == .running)
    // Another process with the same spool has never seen the job.
    let arguments = ["--name", "second", "--threads", "1", "--spool", fleet.spool("first")]
    let second = try WorkerProcess(
      name: "second", command: [Program.directory + "/docproc-worker"] + arguments,
      environment: [
        "DATABASE_URL": fleet.url, "DOCPROC_HOME": fleet.cluster.directory.path,
        "PGAPPNAME": "first",
      ], log: fleet.log("second")
    )
    defer { second.kill() }
    #expect(try fleet.wait(until: 1, seconds: 30))
    // The file goes once the worker has heard that the queue has it.
    let removed = Date().addingTimeInterval(10)
    while try spooled() > 0, Date() < removed { Thread.sleep(forTimeInterval: 0.05) }
    #expect(try spooled() == 0)
    #expect(try fleet.queue.jobs.result(job).worker == "first")
    try fleet.judge([job])
  }

  @Test func aFullDiskUnderTheSpoolIsSaidAndTheQueueGoesOn() throws {
    guard getuid() == 0 else { return }

    let fleet = try Fleet(
      seed: ChaosScale.seed &+ 24, times: Fleet.Times(lease: 60, checkpoint: 1000))
    let spool = fleet.spool("first")
    try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: true)
    guard try Command.run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", spool]).status == 0
    else { return }
    defer { _ = try? Command.run("umount", ["-l", spool]) }
    _ = FileManager.default.createFile(atPath: spool + "/filler", contents: nil)
    _ = try? Data(count: 60 << 10).write(to: URL(fileURLWithPath: spool + "/filler"))
    try? Data(count: 4096).write(to: URL(fileURLWithPath: spool + "/filler2"))
    let jobs = try fleet.submit(2, tokens: 1_000)
    try fleet.start("first")
    #expect(try fleet.wait(until: 2, seconds: 60))
    try fleet.judge(jobs)
    #expect(fleet.logText("first").contains("No space left on device"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: spool).allSatisfy {
        $0.hasPrefix("filler")
      }, "no half files")
  }

  /// A pooler that lends connections by transaction: no session state is needed, no notification
  /// comes.
  @Test func workBehindPgBouncerInTransactionMode() throws {
    guard let program = Command.find("pgbouncer") else { return }

    let fleet = try Fleet(seed: ChaosScale.seed &+ 25)
    let folder = fleet.cluster.directory.path + "/pooler"
    try makeFolder(folder)
    let port = 20_000 + Int(ProcessInfo.processInfo.processIdentifier % 10_000)
    try """
    [databases]
    docproc = host=\(fleet.cluster.directory.path)/postgres/run user=docproc
    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = \(port)
    unix_socket_dir =
    auth_type = any
    pool_mode = transaction
    default_pool_size = 2
    logfile = \(folder)/log
    pidfile = \(folder)/pid
    """.write(toFile: folder + "/ini", atomically: true, encoding: .utf8)
    try ServerControl.run(program, ["-d", folder + "/ini"])
    defer {
      if let text = try? String(contentsOfFile: folder + "/pid", encoding: .utf8),
        let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
      {
        kill(pid, SIGKILL)
      }
    }

    // application_name is the one setting that the pooler passes on; the judge goes by it.
    for number in 1...2 {
      try fleet.start("worker-\(number)", url: "postgresql://docproc@127.0.0.1:\(port)/docproc")
    }

    let jobs = try fleet.submit(ChaosScale.of(6, full: 40), tokens: 3_000)
    fleet.workers[0].signal(SIGSTOP)
    let done = try fleet.wait(until: jobs.count - 1, seconds: 120)
    fleet.workers[0].signal(SIGCONT)
    #expect(try done && fleet.wait(until: jobs.count, seconds: 60))
    let long = try #require(try fleet.submit(1, tokens: 8_000).first)
    while try fleet.queue.jobs.status(long).state == .available {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let begun = Date()
    _ = try fleet.queue.steering.cancel(long)
    while try fleet.queue.jobs.status(long).state != .cancelled,
      Date().timeIntervalSince(begun) < 10
    {
      Thread.sleep(forTimeInterval: 0.02)
    }

    #expect(Date().timeIntervalSince(begun) < 2.5, "without notifications")
    try fleet.judge(jobs)
  }
}
