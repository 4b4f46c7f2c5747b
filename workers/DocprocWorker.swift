import ArgumentParser
import Foundation
import Host
import Jobs
import Programs
import Telemetry

@main
struct DocprocWorker: Program {
  static let configuration = CommandConfiguration(
    commandName: "docproc-worker",
    abstract: "Claim jobs, read their documents, answer, and write the results.",
    discussion: """
      Runs until SIGTERM or SIGINT: the reading at hand is then saved and its job given back, which uses up no attempt; \
      another worker goes on where it stood. A second signal ends it at once.

      A finished result is kept in the spool folder until the database has it. Give workers of one host the same folder \
      or one each; it should outlive the process.
      """,
    version: Version.text)

  @Flag(help: "Stop after one job, or at once when there is none.")
  var once = false

  @Option(
    help: "Claim only jobs for this model (a name or a folder); default: every model on this host.")
  var model: String?

  @Option(help: "Threads to compute with; 0 means all CPUs.")
  var threads = 0

  @Option(help: "This worker's name in results.")
  var name = "\(ProcessInfo.processInfo.hostName)/\(ProcessInfo.processInfo.processIdentifier)"

  @Option(
    help: "Connection URL of the database; several hosts may be named; default: DATABASE_URL.")
  var database: String?

  @Option(help: "Seconds from one checkpoint of a reading to the next.")
  var checkpointSeconds = 30.0

  @Option(
    help: """
      Folder for finished results that the database does not have yet; default: spool in the \
      data directory.
      """)
  var spool: String?

  func validate() throws {
    guard threads >= 0 else { throw ValidationError("--threads must not be negative") }
    guard checkpointSeconds > 0 else {
      throw ValidationError("--checkpoint-seconds must be positive")
    }
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
    let settings = WorkerSettings(
      name: name, checkpointSeconds: checkpointSeconds,
      spool: DataHome.absolute(spool ?? DataHome.path + "/spool"),
      connect: { try PostgresWorkerQueue(url: url) })
    let models = ModelShelf(only: model, threads: threads)
    let worker = try WorkerLoop(
      settings, models: { models.names }, takesPaths: models.takesPaths, stop: stop, logger: logger
    ) { job, heartbeat, saved in
      try JobReading(job, settings, models, heartbeat, stop, logger).record(resuming: saved)
    }
    try worker.run(once: once)
  }
}
