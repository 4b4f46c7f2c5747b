import ArgumentParser
import Foundation
import Host
import Jobs
import Logging
import Postgres
import Programs
import Telemetry

@main
struct DocprocWorker: Program {
  static let configuration = CommandConfiguration(
    commandName: "docproc-worker",
    abstract: "Claim jobs, read their documents, answer, and write the results.",
    discussion: "Without a subcommand it works; see docproc-worker work --help for its options.",
    version: Version.text, subcommands: [WorkCommand.self, HealthCommand.self],
    defaultSubcommand: WorkCommand.self)
}

struct WorkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "work",
    abstract: "Claim jobs, read their documents, answer, and write the results.",
    discussion: """
      Runs until SIGTERM or SIGINT: the reading at hand is then saved and its job given back, which uses up no attempt; \
      another worker goes on where it stood. A second signal ends it at once.

      A finished result is kept in the spool folder until the database has it. Give workers of one host the same folder \
      or one each; it should outlive the process.

      Exit status: 0 stopped as told, 2 wrong usage, 78 the database is there but not for this worker (another schema, \
      no rights), 1 anything else. Jobs at hand are given back first.
      """)

  @Flag(help: "Stop after one job, or at once when there is none.")
  var once = false

  @Option(
    help: "Claim only jobs for this model (a name or a folder); default: every model on this host.")
  var model: String?

  @Option(
    help: """
      Folder below which jobs may name models by their path; may be given several times. Without it \
      only models are used that are installed on this host: who submits need not know its disk.
      """)
  var models: [String] = []

  @Option(help: "Threads to compute with; default: DOCPROC_THREADS, else 0, which means all CPUs.")
  var threads: Int?

  @Option(help: "This worker's name in results.")
  var name = "\(ProcessInfo.processInfo.hostName)/\(ProcessInfo.processInfo.processIdentifier)"

  @Option(
    help: "Connection URL of the database; several hosts may be named; default: DATABASE_URL.")
  var database: String?

  @Option(
    help: """
      Seconds from one checkpoint of a reading to the next; default: as what is saved and how often \
      workers die cost least, between the settings checkpoint_floor and checkpoint_ceiling.
      """)
  var checkpointSeconds: Double?

  @Option(
    help: """
      Folder for finished results that the database does not have yet; default: spool in the \
      data directory.
      """)
  var spool: String?

  @Option(
    help: """
      Mebibytes of kept readings that lie on this host's disk too, in readings in the data directory, \
      so that asking again fetches nothing; 0: none.
      """)
  var readingCache = 4096

  @Option(
    help: ArgumentHelp(
      "A file that numbers for Prometheus's node exporter are written to, all 10 seconds.",
      valueName: "file"))
  var metricsFile: String?

  func validate() throws {
    guard (0...(1 << 30)).contains(readingCache) else {
      throw ValidationError("--reading-cache is \(readingCache), but must not be negative")
    }
    let threads = try threadCount()
    guard (0...1024).contains(threads) else {
      throw ValidationError("--threads is \(threads), but must be within 0...1024")
    }
    guard checkpointSeconds ?? 1 > 0 else {
      throw ValidationError("--checkpoint-seconds must be positive")
    }
  }

  /// - Throws: `ValidationError` for a variable that is no number.
  private func threadCount() throws -> Int {
    if let threads { return threads }
    let stated = ProcessInfo.processInfo.environment["DOCPROC_THREADS"] ?? ""
    if stated.isEmpty { return 0 }
    guard let threads = Int(stated) else {
      throw ValidationError("DOCPROC_THREADS is '\(stated)', but must be a number")
    }
    return threads
  }

  func run() throws {
    guard let url = database ?? ProcessInfo.processInfo.environment["DATABASE_URL"], !url.isEmpty
    else {
      throw ValidationError(
        "no database is named: give --database URL or set DATABASE_URL (see: docproc db url)")
    }

    let stop = StopSignal()
    stop.install()
    let logger = JSONLogs.logger("docproc-worker")
    var settings = WorkerSettings(
      name: name, checkpointSeconds: checkpointSeconds,
      spool: DataHome.absolute(spool ?? DataHome.path + "/spool"),
      connect: { try PostgresWorkerQueue(url: url) },
      pulse: Pulse(ProcessInfo.processInfo.environment, folder: HealthCommand.folder))
    settings.cache = ReadingCache(
      folder: DataHome.path + "/readings", mostBytes: readingCache << 20)
    defer { settings.pulse.end() }
    settings.metrics = WorkerMetrics(spool: settings.spool)
    if let metricsFile { settings.metrics.write(to: metricsFile, worker: name) }
    defer { if metricsFile != nil { settings.metrics.stop() } }
    var planned: ContinuousClock.Instant?
    let models = ModelShelf(only: model, below: models, threads: try threadCount())
    let worker = try WorkerLoop(
      settings, models: { models.names }, takesPaths: models.takesPaths, stop: stop, logger: logger
    ) { job, heartbeat, saved in
      if checkpointSeconds == nil, planned.map({ .now - $0 > .seconds(3600) }) ?? true {
        settings.checkpointPlan = try? PostgresWorkerQueue(url: url).checkpointPlan()
        planned = .now
      }
      return try JobReading(job, settings, models, heartbeat, stop, logger).record(resuming: saved)
    }
    do {
      try worker.run(once: once)
    } catch let error as PostgresError where !error.isTransient {
      logger.critical("this worker cannot work", metadata: ["error": "\(error)"])
      throw ExitCode(Self.cannotWork)
    }
  }

  /// EX_CONFIG of sysexits.h: another start helps only once the schema or the rights are others.
  private static let cannotWork: Int32 = 78
}
