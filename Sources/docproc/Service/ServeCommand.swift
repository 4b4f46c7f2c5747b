import ArgumentParser
import Foundation
import Host

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve the HTTP API and the dashboard, with a worker and the embedded Postgres.",
    discussion: """
      It starts what is missing, prints a link to the dashboard, and serves until it is stopped. \
      With --database it serves that one and starts no worker. In a fleet use docproc-coordinator.
      """)

  @OptionGroup var database: DatabaseOptions

  @Option(help: "The address to listen on; 0.0.0.0 for all.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 takes any that is free.")
  var port = 8080

  @Option(help: "Workers that shall run on this host; default: 1 with the embedded Postgres.")
  var workers: Int?

  @Option(help: ArgumentHelp("A PEM file of certificates, for TLS.", valueName: "file"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("A PEM file of the certificate's key.", valueName: "file"))
  var tlsKey: String?

  @Flag(name: .shortAndLong, help: "Print no link.")
  var quiet = false

  func validate() throws {
    guard (0...65_535).contains(port), (workers ?? 0) >= 0 else {
      throw ValidationError("--port must be 0 to 65535, and --workers not negative")
    }
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key belong together")
    }
  }

  private func note(_ text: String) {
    FileHandle.standardError.write(Data("docproc: \(text)\n".utf8))
  }

  func run() throws {
    let url = try database.url()
    let count = workers ?? (database.isEmbedded ? 1 : 0)
    if count > 0 {
      if !ModelInstaller.hasModel { try ModelInstaller.installDefault(report: note) }
      _ = try database.localWorkers.start(count: count, threads: 0)
    }
    var arguments = ["--host", host, "--port", "\(port)"]
    if let tlsCertificate, let tlsKey {
      arguments += ["--tls-certificate", tlsCertificate, "--tls-key", tlsKey]
    }
    if !quiet { arguments.append("--sign-in-link") }
    // The URL may hold a password: it goes through the environment, not the process list.
    setenv("DATABASE_URL", url, 1)
    try ChildProcess.become(try Companion.path("docproc-coordinator"), arguments)
  }
}
