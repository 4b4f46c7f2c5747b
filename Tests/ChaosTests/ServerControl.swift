import Foundation
import Host
import Jobs
import Postgres
import TestSupport

/// Starts, stops and copies the Postgres server under a test's queue.
struct ServerControl {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let data: String

  /// The fleet's own server.
  init(_ fleet: Fleet) { data = fleet.cluster.directory.path + "/postgres/data" }

  init(data: String) { self.data = data }

  /// Postgres refuses to run as root.
  @discardableResult
  static func run(_ program: String, _ arguments: [String]) throws -> String {
    let path = program.contains("/") ? program : try binaries() + "/" + program
    let prefix =
      getuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : []
    let words = prefix + [path] + arguments
    let result = try Command.run("/usr/bin/env", words, directory: "/")
    guard result.status == 0 else {
      throw Failure(description: "\(words.joined(separator: " ")): \(result.error)")
    }

    return String(decoding: result.output, as: UTF8.self)
  }

  private static func binaries() throws -> String {
    let versions = try FileManager.default.contentsOfDirectory(atPath: Repository.postgres)
      .compactMap(Int.init)
    return "\(Repository.postgres)/\(versions.max() ?? 15)/bin"
  }

  func start() throws {
    try Self.run("pg_ctl", ["start", "-w", "-D", data, "-l", data + "/../server.log"])
  }
  func stop(mode: String) throws { try Self.run("pg_ctl", ["stop", "-w", "-m", mode, "-D", data]) }
  func promote() throws { try Self.run("pg_ctl", ["promote", "-w", "-D", data]) }

  func configure(_ lines: String...) throws {
    try append(lines, to: data + "/postgresql.auto.conf")
  }

  /// Lets hosts of the tests' networks in.
  func listen(port: Int) throws {
    try configure("listen_addresses = '*'", "port = \(port)")
    try append(["host all all 10.77.0.0/16 trust"], to: data + "/pg_hba.conf")
  }

  private func append(_ lines: [String], to path: String) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
    try handle.close()
  }
}

/// A test host: a network namespace with an address of its own, joined to this one by a cable that
/// can be cut. Needs root and the ip command.
final class TestHost {
  static let arePossible =
    getuid() == 0 && (try? Command.run("ip", ["netns", "add", "docproc-probe"]))?.status == 0
    && (try? Command.run("ip", ["netns", "del", "docproc-probe"]))?.status == 0

  /// Of tests that were killed there remain hosts, whose addresses would be taken twice.
  private static let ruinsAreGone: Bool = {
    guard let listed = try? Command.run("ip", ["netns", "list"]), listed.status == 0 else {
      return false
    }
    for line in String(decoding: listed.output, as: UTF8.self).split(separator: "\n") {
      let parts = line.prefix { $0 != " " }.split(separator: "-")
      guard parts.count == 3, parts[0] == "docproc", let process = Int32(parts[1]),
        kill(process, 0) != 0
      else { continue }
      _ = try? Command.run("ip", ["netns", "del", parts.joined(separator: "-")])
      _ = try? Command.run("ip", ["link", "del", "dp\(process % 100_000)h\(parts[2])"])
    }
    return true
  }()

  private let name: String
  private let cable: String
  /// Of the database's end of the cable.
  let server: String
  private let address: String

  init(_ number: Int) throws {
    guard Self.ruinsAreGone else {
      throw ServerControl.Failure(description: "ip netns list: cannot tell which hosts there are")
    }

    let process = ProcessInfo.processInfo.processIdentifier
    name = "docproc-\(process)-\(number)"
    cable = "dp\(process % 100_000)h\(number)"
    let net = "10.77.\((Int(process) * 8 + number) % 250)"
    server = net + ".1"
    address = net + ".2"
    try ip("netns", "add", name)
    try ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
    try ip("addr", "add", server + "/30", "dev", cable)
    try ip("link", "set", cable, "up")
    for words in [
      ["addr", "add", address + "/30", "dev", "eth0"], ["link", "set", "eth0", "up"],
      ["link", "set", "lo", "up"],
    ] {
      try ip("-n", name, words)
    }
  }

  deinit {
    _ = try? Command.run("ip", ["netns", "del", name])
    _ = try? Command.run("ip", ["link", "del", cable])
  }

  /// A command that runs in this host.
  var prefix: [String] { ["ip", "netns", "exec", name] }

  /// Nothing passes, and both ends notice.
  func cut() throws { try ip("link", "set", cable, "down") }

  func mend() throws {
    try ip("link", "set", cable, "up")
    try ip("route", "replace", address + "/32", "dev", cable)
  }

  /// What the host sends arrives, what it should get is dropped without a word: a connection that
  /// is open on one side only.
  func halve() throws { try ip("route", "replace", "blackhole", address + "/32") }

  func unhalve() throws { try ip("route", "del", "blackhole", address + "/32") }

  private func ip(_ words: String...) throws { try run(words) }
  private func ip(_ option: String, _ value: String, _ words: [String]) throws {
    try run([option, value] + words)
  }

  private func run(_ words: [String]) throws {
    let result = try Command.run("ip", words)
    guard result.status == 0 else {
      throw ServerControl.Failure(
        description: "ip \(words.joined(separator: " ")): \(result.error)")
    }
  }
}
