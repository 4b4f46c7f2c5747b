import Foundation
import Host
import Jobs
import TestSupport
import Testing

/// Several hosts, each a network namespace with an address of its own, and one Postgres.
@Suite(.serialized, .enabled(if: TestHost.arePossible, "needs root and the ip command")) struct HostTests {
  private static let port = 25_000 + Int(ProcessInfo.processInfo.processIdentifier % 10_000)

  private func fleet(_ seed: UInt64, hosts: [TestHost], environment: (Int) -> [String: String] = { _ in [:] }) throws -> Fleet {
    let fleet = try Fleet(seed: ChaosScale.seed &+ seed, times: Fleet.Times(lease: 3, checkpoint: 0.3))
    let server = ServerControl(fleet)
    try server.stop(mode: "fast")
    try server.listen(port: Self.port)
    try server.start()
    // The socket is named after the port.
    try fleet.reconnect(url: fleet.url + "&port=\(Self.port)")
    for (number, host) in hosts.enumerated() {
      try fleet.start(
        "host-\(number)", url: "postgresql://docproc@\(host.server):\(Self.port)/docproc", prefix: host.prefix,
        environment: environment(number))
    }
    return fleet
  }

  /// Cables are cut, wholly or in one direction, for longer and for shorter than the lease.
  @Test func cutCablesLoseNothing() throws {
    let hosts = try (1...3).map(TestHost.init)
    defer { withExtendedLifetime(hosts) {} }
    let fleet = try fleet(40, hosts: hosts)
    let jobs = try fleet.submit(ChaosScale.of(9, full: 100), tokens: 5_000)
    var random = SplitMix(ChaosScale.seed &+ 41)
    var (cuts, halves, seconds) = (0, 0, 0.0)
    let most = ChaosScale.of(3, full: 24)
    let done = try fleet.wait(until: jobs.count, seconds: Double(ChaosScale.of(240, full: 3000)), every: 0.5) {
      guard cuts + halves < most else { return }
      let host = hosts[Int.random(in: 0..<3, using: &random)]
      let time = Double.random(in: ChaosScale.isFull ? 5...40 : 2...8, using: &random)
      seconds += time
      if (cuts + halves) % 2 == 0 {
        cuts += 1
        try host.cut()
        Thread.sleep(forTimeInterval: time)
        try host.mend()
      } else {
        halves += 1
        try host.halve()
        Thread.sleep(forTimeInterval: time)
        try host.unhalve()
      }
    }
    #expect(done)
    let workers = try fleet.count("select count(distinct worker) from docproc.result")
    try fleet.judge(jobs)
    #expect(workers == 3, "all hosts took part")
    ChaosScale.report(
      "network: 3 hosts, \(jobs.count) jobs, \(cuts) cuts and \(halves) half-open connections of \(Int(seconds)) s in all; "
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
      ["LD_PRELOAD": library, "FAKETIME": number == 0 ? "+600" : "-600", "FAKETIME_DONT_FAKE_MONOTONIC": "1"]
    }
    let jobs = try fleet.submit(ChaosScale.of(6, full: 100), tokens: 4_000)
    #expect(try fleet.wait(until: jobs.count / 3, seconds: 120))
    fleet.workers[0].signal(SIGKILL)
    #expect(try fleet.wait(until: jobs.count, seconds: 200))
    let early = try fleet.count("select count(*) from docproc.event where kind = 'rescued'")
    try fleet.judge(jobs)
    #expect(early <= 1, "nobody was taken for dead but the one that was killed")
    #expect(fleet.logText("host-1").contains("worker started"))
    ChaosScale.report("host clocks 20 minutes apart: \(jobs.count) jobs, \(early) rescues, of 1 killed worker")
  }
}
