import Foundation
import Host

/// Workers of this host that `docproc up` started, by their process ids.
struct LocalWorkers {
  private let directory = DataHome.path + "/workers"

  /// What they write.
  var log: String { directory + "/worker.log" }

  /// The ids of those that run.
  var running: [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { $0.hasSuffix(".pid") }.compactMap { Int32($0.dropLast(4)) }.filter(
      Self.isWorker
    ).sorted()
  }

  /// Starts workers until `count` run. - Returns: how many were started.
  func start(count: Int, threads: Int, database: String) throws -> Int {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    LogFile.rotate(log)
    let missing = max(0, count - running.count)
    for _ in 0..<missing {
      // The URL may hold a password: it goes through the environment, not the process list.
      let process = try ChildProcess.startInBackground(
        try Self.program(), ["--threads", String(threads)], environment: ["DATABASE_URL": database],
        log: log)
      try "".write(toFile: directory + "/\(process).pid", atomically: true, encoding: .utf8)
    }

    return missing
  }

  /// Asks all to stop and waits until they have. - Returns: how many.
  /// - Throws: `UserError` when some still run after a while.
  /// - Parameter note: told when that takes long.
  func stop(note: (String) -> Void) throws -> Int {
    let workers = running
    for worker in workers { kill(worker, SIGTERM) }
    let begun = Date()
    var isTold = false
    while workers.contains(where: Self.isWorker), -begun.timeIntervalSinceNow < 60 {
      Thread.sleep(forTimeInterval: 0.1)
      if !isTold, -begun.timeIntervalSinceNow > 3 {
        note("waiting for workers to save what they have read")
        isTold = true
      }
    }

    let remaining = workers.filter(Self.isWorker)
    for worker in workers where !remaining.contains(worker) {
      try? FileManager.default.removeItem(atPath: directory + "/\(worker).pid")
    }

    guard remaining.isEmpty else {
      throw UserError(
        "workers still run after a minute: processes "
          + "\(remaining.map(String.init).joined(separator: ", "))"
      )
    }

    return workers.count
  }

  /// A process id may have been given to another program since.
  private static func isWorker(_ process: Int32) -> Bool {
    guard let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8),
      let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    else { return false }
    return name.hasPrefix("docproc-worker") && !status.contains(") Z ")
  }

  /// docproc-worker beside this program, else in PATH.
  private static func program() throws -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = (own as NSString).deletingLastPathComponent + "/docproc-worker"
    if FileManager.default.isExecutableFile(atPath: beside) { return beside }
    guard let found = Command.find("docproc-worker") else {
      throw UserError("docproc-worker is neither beside docproc nor in PATH")
    }
    return found
  }
}
