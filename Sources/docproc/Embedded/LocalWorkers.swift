import Foundation
import Host

/// Workers of this host that `docproc up` started for one database, by their process ids.
struct LocalWorkers {
  private let directory = DataHome.path + "/workers"
  private let database: String
  /// True for the embedded database: its jobs are this user's own.
  private let isOwn: Bool

  /// - Parameter database: its URL. Workers of another one are none of these.
  init(database: String, isOwn: Bool) {
    self.database = database
    self.isOwn = isOwn
  }

  /// What they write.
  static var log: String { DataHome.path + "/workers/worker.log" }

  /// The ids of those that run.
  var running: [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { $0.hasSuffix(".pid") }.compactMap { Int32($0.dropLast(4)) }
      .filter(isOurs).sorted()
  }

  /// Starts workers until `count` run. - Returns: how many were started.
  func start(count: Int, threads: Int) throws -> Int {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    // One docproc at a time: two would each start what is missing.
    let lock = open(directory + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX) == 0 else { throw UserError("cannot lock \(directory)") }
    defer { close(lock) }
    LogFile.rotate(Self.log)
    let missing = max(0, count - running.count)
    for _ in 0..<missing {
      // The URL may hold a password: it goes through the environment, not the process list.
      let process = try ChildProcess.startInBackground(
        try Companion.path("docproc-worker"),
        ["--threads", String(threads)] + (isOwn ? ["--models", "/"] : []),
        environment: ["DATABASE_URL": database], log: Self.log)
      Self.makeWay(process)
      try "".write(toFile: directory + "/\(process).pid", atomically: true, encoding: .utf8)
      // It is ours once it has become the worker.
      for _ in 0..<100 where !isOurs(process) { usleep(10_000) }
    }

    return missing
  }

  /// Who asks this host for something is answered before a reading goes on.
  private static func makeWay(_ process: Int32) {
    setpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(process), 10)
    // Where sessions share the CPUs evenly, the session counts (sched_setattr(2), autogroup).
    try? "10".write(toFile: "/proc/\(process)/autogroup", atomically: false, encoding: .utf8)
  }

  /// Asks all to stop and waits until they have. - Returns: how many.
  /// - Parameter note: told when that takes long.
  /// - Throws: `UserError` when some still run after a while.
  func stop(note: (String) -> Void) throws -> Int {
    let workers = running
    for worker in workers { kill(worker, SIGTERM) }
    let begun = Date()
    var isTold = false
    while workers.contains(where: isOurs), -begun.timeIntervalSinceNow < 60 {
      Thread.sleep(forTimeInterval: 0.1)
      if !isTold, -begun.timeIntervalSinceNow > 3 {
        note("waiting for workers to save what they have read")
        isTold = true
      }
    }

    let remaining = workers.filter(isOurs)
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

  /// A process id may have been given to another program since, or to a worker of another database:
  /// its environment tells.
  private func isOurs(_ process: Int32) -> Bool {
    guard let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8),
      name.hasPrefix("docproc-worker"),
      let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ")
    else { return false }
    return environment.split(separator: 0).contains {
      $0.elementsEqual("DATABASE_URL=\(database)".utf8)
    }
  }
}

/// Programs of docproc's that this one starts.
enum Companion {
  /// Beside this program, else in PATH.
  /// - Throws: `UserError`
  static func path(_ name: String) throws -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = (own as NSString).deletingLastPathComponent + "/" + name
    if FileManager.default.isExecutableFile(atPath: beside) { return beside }
    guard let found = Command.find(name) else {
      throw UserError("\(name) is neither beside docproc nor in PATH")
    }
    return found
  }
}
