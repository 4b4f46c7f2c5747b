import Foundation
import Host
import Jobs
import TestSupport
import Testing

/// Several hosts, each a network namespace with an address of its own, and one Postgres.
@Suite(.serialized, .enabled(if: TestHost.arePossible, "needs root and the ip command"))
struct HostTests {
  /// Servers of earlier tests go on until the process ends: each has its own.
  private func port(_ seed: UInt64) -> Int {
    25_000 + Int(ProcessInfo.processInfo.processIdentifier) % 10_000 + Int(seed)
  }

  private func fleet(
    _ seed: UInt64, hosts: [TestHost], environment: (Int) -> [String: String] = { _ in [:] }
  ) throws -> Fleet {
    let fleet = try Fleet(
      seed: ChaosScale.seed &+ seed, times: Fleet.Times(lease: 3, checkpoint: 0.3))
    let server = ServerControl(fleet)
    let port = port(seed)
    try server.stop(mode: "fast")
    try server.listen(port: port)
    try server.start()
    // The socket is named after the port.
    try fleet.reconnect(url: fleet.url + "&port=\(port)")
    for (number, host) in hosts.enumerated() {
      try fleet.start(
        "host-\(number)", url: "postgresql://docproc@\(host.server):\(port)/docproc",
        prefix: host.prefix,
        environment: environment(number))
    }

    return fleet
  }

  /// Cables are cut, wholly or in one direction, for longer and for shorter than the lease.
  @Test func cutCablesLoseNothing() throws {
    let hosts = try (1...3).map(TestHost.init)
    defer { withExtendedLifetime(hosts) {} }
    let fleet = try fleet(40, hosts: hosts)
    var random = SplitMix(ChaosScale.seed &+ 41)
    var jobs = [Int]()
    var times = (cuts: [Double](), halves: [Double]())
    let most = ChaosScale.of(3, full: 16)
    while times.cuts.count + times.halves.count < most {
      if try fleet.count("select count(*) from docproc.ready") < 6 {
        jobs += try fleet.submit(6, tokens: 5_000)
      }
      let host = hosts[Int.random(in: 0..<3, using: &random)]
      let isLast = times.cuts.count + times.halves.count == most - 1
      let time =
        ChaosScale.isFull && isLast
        ? 120 : Double.random(in: ChaosScale.isFull ? 5...40 : 2...6, using: &random)
      if times.cuts.count <= times.halves.count {
        times.cuts.append(time)
        try host.cut()
        Thread.sleep(forTimeInterval: time)
        try host.mend()
      } else {
        times.halves.append(time)
        try host.halve()
        Thread.sleep(forTimeInterval: time)
        try host.unhalve()
      }
      Thread.sleep(forTimeInterval: 1)
    }

    #expect(try fleet.wait(until: jobs.count, seconds: 200))
    let workers = try fleet.count("select count(distinct worker) from docproc.result")
    try fleet.judge(jobs)
    let logs = hosts.indices.map { fleet.logText("host-\($0)").suffix(1500) }.joined(
      separator: "\n\n")
    // Few jobs may all be done by two hosts while the third is cut off.
    #expect(
      workers == 3 || !ChaosScale.isFull && workers == 2,
      "all hosts took part; the ends of their logs:\n\(logs)")
    ChaosScale.report(
      "network: 3 hosts, \(jobs.count) jobs, cuts of \(times.cuts.map { Int($0) }) s, half-open "
        + "for \(times.halves.map { Int($0) }) s; "
        + "\(try fleet.count("select count(*) from docproc.event where kind = 'rescued'")) rescues")
  }

  /// The host's clock decides nothing: ten minutes before and behind.
  @Test func clocksMayDiffer() throws {
    guard Command.find("faketime") != nil else { return }

    let hosts = try (4...5).map(TestHost.init)
    defer { withExtendedLifetime(hosts) {} }
    let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    guard FileManager.default.fileExists(atPath: library) else { return }
    let fleet = try fleet(50, hosts: hosts) { number in
      [
        "LD_PRELOAD": library, "FAKETIME": number == 0 ? "+600" : "-600",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
      ]
    }
    let jobs = try fleet.submit(ChaosScale.of(6, full: 100), tokens: 4_000)
    #expect(try fleet.wait(until: jobs.count / 3, seconds: 120))
    fleet.workers[0].signal(SIGKILL)
    #expect(try fleet.wait(until: jobs.count, seconds: 200))
    let early = try fleet.count("select count(*) from docproc.event where kind = 'rescued'")
    try fleet.judge(jobs)
    #expect(early <= 1, "nobody was taken for dead but the one that was killed")
    #expect(fleet.logText("host-1").contains("worker started"))
    ChaosScale.report(
      "host clocks 20 minutes apart: \(jobs.count) jobs, \(early) rescues, of 1 killed worker")
  }
}
