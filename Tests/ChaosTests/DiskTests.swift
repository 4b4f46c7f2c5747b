import Foundation
import Host
import Jobs
import TestSupport
import Testing

/// A database whose disk is full for a while: its files lie on a small file system in memory.
@Suite(.serialized, .enabled(if: SmallDisk.isPossible)) struct DiskTests {
  @Test func aFullDiskIsSaidAndNothingIsLost() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 70)
    let server = ServerControl(fleet)
    try server.stop(mode: "fast")
    let disk = try SmallDisk(holding: server.data, mebibytes: 400)
    try server.start()
    try fleet.reconnect()
    let jobs = try fleet.submit(ChaosScale.of(4, full: 20), tokens: 10_000)
    for number in 1...2 { try fleet.start("worker-\(number)") }
    while try fleet.count("select count(*) from docproc.claim where tokens_done > 0") < 2 {
      Thread.sleep(forTimeInterval: 0.05)
    }

    try disk.fill()
    let text = fleet.cluster.directory.path + "/long.txt"
    // No two lines alike: it does not get small by being compressed.
    let lines = (0..<400_000).map { _ in "\(UInt64.random(in: 0 ... .max))" }
    try lines.joined(separator: "\n").write(toFile: text, atomically: true, encoding: .utf8)
    let submit = try fleet.cluster.program.docproc("submit", text, "--model", "tiny", "--yes")
    #expect(submit.status != 0)
    let isNamed = ["No space left", "is full"].contains { submit.error.contains($0) }
    #expect(isNamed, "\(submit.error)")
    Thread.sleep(forTimeInterval: 5)

    try disk.free()
    // Where even the journal found no room, Postgres has ended: its owner starts it again.
    _ = try? server.start()
    try fleet.reconnect()
    #expect(try fleet.wait(until: jobs.count, seconds: Double(ChaosScale.of(240, full: 1200))))
    try fleet.judge(jobs)
    #expect(
      try fleet.cluster.program.docproc("submit", text, "--model", "tiny", "--yes").status == 0)
    ChaosScale.report("full disk: \(jobs.count) jobs done afterwards; the submit: \(submit.error)")
    fleet.stopAll()
    try server.stop(mode: "fast")
  }
}

/// A file system of a few megabytes, mounted in a folder's place; it needs root.
final class SmallDisk {
  static let isPossible: Bool = {
    guard getuid() == 0, let folder = try? TemporaryDirectory() else { return false }
    guard (try? mount(folder.path, mebibytes: 1)) == true else { return false }
    return (try? Command.run("umount", [folder.path]))?.status == 0
  }()

  private static func mount(_ folder: String, mebibytes: Int) throws -> Bool {
    let options = ["-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", folder]
    return try Command.run("mount", options).status == 0
  }

  private let folder: String

  /// - Parameter folder: what is in it moves to the new file system.
  init(holding folder: String, mebibytes: Int) throws {
    self.folder = folder
    let aside = folder + ".aside"
    try FileManager.default.moveItem(atPath: folder, toPath: aside)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard try Self.mount(folder, mebibytes: mebibytes),
      try Command.run("cp", ["-a", aside + "/.", folder]).status == 0
    else { throw ServerControl.Failure(description: "no file system at \(folder)") }
    try FileManager.default.removeItem(atPath: aside)
  }

  deinit { _ = try? Command.run("umount", ["-l", folder]) }

  /// Leaves no room.
  func fill() throws {
    _ = try Command.run("dd", ["if=/dev/zero", "of=\(folder)/filler", "bs=64k"])
  }

  func free() throws { try FileManager.default.removeItem(atPath: folder + "/filler") }
}
