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
      Runs until SIGTERM or SIGINT: the job at hand is then given back, which uses up no attempt. A second signal ends \
      it at once.
      """)

  @Flag(help: "Stop after one job, or at once when there is none.")
  var once = false

  @Option(help: "Claim only jobs for this model (a name or a folder); default: every model on this host.")
  var model: String?

  @Option(help: "Threads to compute with; 0 means all CPUs.")
  var threads = 0

  @Option(help: "This worker's name in results.")
  var name = "\(ProcessInfo.processInfo.hostName)/\(ProcessInfo.processInfo.processIdentifier)"

  @Option(help: "Connection URL of the database; default: DATABASE_URL.")
  var database: String?

  func validate() throws {
    guard threads >= 0 else { throw ValidationError("--threads must not be negative") }
  }

  func run() throws {
    guard let url = database ?? ProcessInfo.processInfo.environment["DATABASE_URL"], !url.isEmpty else {
      throw ValidationError("no database is named: give --database URL or set DATABASE_URL (see: docproc db url)")
    }
    let stop = StopSignal()
    stop.install()
    let worker = try WorkerLoop(
      url: url, name: name, models: ModelShelf(only: model, threads: threads), stop: stop,
      logger: Telemetry.logger("docproc-worker"))
    try worker.run(once: once)
  }
}
