import Foundation
import TestSupport
import Testing

@testable import docproc_worker

/// What the host is told of a worker's progress.
@Suite struct PulseTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// A socket as systemd's, and what came to it.
  private func listening(_ path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
    return descriptor
  }

  private func messages(_ descriptor: Int32) -> [String] {
    var found: [String] = []
    var buffer = [UInt8](repeating: 0, count: 64)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      guard count > 0 else { return found }
      found.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
  }

  @Test func systemdHearsThatTheWorkerIsReadyAndGetsOn() throws {
    let path = directory.path + "/notify"
    let descriptor = try listening(path)
    defer { close(descriptor) }
    let pulse = Pulse(
      ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"], folder: directory.path + "/health")
    pulse.ready()
    for _ in 0..<50 { pulse.beat() }
    #expect(messages(descriptor) == ["READY=1", "WATCHDOG=1"], "not with every step")
    Thread.sleep(forTimeInterval: 0.15)
    pulse.beat()
    pulse.stopping()
    #expect(messages(descriptor) == ["WATCHDOG=1", "STOPPING=1"])
    let file = "\(directory.path)/health/\(ProcessInfo.processInfo.processIdentifier)"
    #expect(FileManager.default.fileExists(atPath: file))
    pulse.end()
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  @Test func aProbeFindsNoWorkerWhereNoneLives() throws {
    let home = directory.path + "/home"
    let program = Program(home: home)
    let none = try program.run("docproc-worker", ["health"])
    #expect(none.status == 1 && none.error.contains("no worker runs here"))
    // Processes that have ended are no workers, however new their signs are.
    _ = try directory.write("home/health/4194305", "")
    #expect(try program.run("docproc-worker", ["health"]).status == 1)
  }
}
