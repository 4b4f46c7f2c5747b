import ArgumentParser
import Foundation
import Host

struct UpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up", abstract: "Start the embedded Postgres and local workers, in the background."
  )

  @OptionGroup var database: DatabaseOptions

  @Option(help: "Workers that shall run on this host.")
  var workers = 1

  @Option(help: "Threads per worker; 0 means all CPUs.")
  var threads = 0

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard workers >= 0, ThreadOptions.limits.contains(threads) else {
      throw ValidationError(
        "--workers must not be negative, and --threads within \(ThreadOptions.limits)")
    }
  }

  func run() throws {
    _ = try database.url()
    let local = database.localWorkers
    if workers > 0, !ModelInstaller.hasModel {
      try ModelInstaller.installDefault(report: output.note)
    }

    let started = try local.start(count: workers, threads: threads)
    let running = local.running.count
    output.print(
      ["started": started, "running": running],
      text: "\(running) worker\(running == 1 ? "" : "s") running (\(started) started now); stop "
        + "with: docproc down")
  }
}

struct DownCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "down",
    abstract: "Stop local workers, which give their jobs back, and the embedded Postgres.")

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var output: OutputOptions

  func run() throws {
    let workers = try database.localWorkers.stop(note: output.note)
    let server = database.isEmbedded ? try EmbeddedPostgres().stop() : false
    output.print(
      ["workers": workers, "servers": server ? 1 : 0],
      text: "stopped \(workers) worker\(workers == 1 ? "" : "s")\(server ? " and Postgres" : "")")
  }
}
