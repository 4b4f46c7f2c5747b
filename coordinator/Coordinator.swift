import ArgumentParser
import Foundation
import Logging
import NIOCore
import NIOSSL
import Programs
import Synchronization
import Telemetry

@main
struct DocprocCoordinator: Program {
  static let configuration = CommandConfiguration(
    commandName: "docproc-coordinator",
    abstract: "Serve docproc's HTTP API and dashboard over a database.",
    discussion: """
      It keeps nothing itself: run as many as you like. It speaks OpenAI's Files, Uploads, Batches, \
      Responses and Chat Completions APIs, and /v1/jobs. Every request needs an API key \
      (docproc key create).
      """, version: Version.text)

  @Option(help: "Connection URL of the Postgres database; default: DATABASE_URL.")
  var database: String?

  @Option(help: "The address to listen on; 0.0.0.0 for all.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 takes any that is free.")
  var port = 8080

  @Option(help: "Connections to the database, at most.")
  var connections = 8

  @Option(help: "Files that text is taken out of at the same time.")
  var extractions = 2

  @Option(help: ArgumentHelp("A PEM file of certificates, for TLS.", valueName: "file"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("A PEM file of the certificate's key.", valueName: "file"))
  var tlsKey: String?

  @Flag(help: "Clients come by TLS, through a proxy: cookies travel by it alone.")
  var behindTLS = false

  @Flag(help: "Webhooks may be at private addresses, and without TLS.")
  var privateWebhooks = false

  @Flag(help: "Print a link to the dashboard that lets in once, within an hour.")
  var signInLink = false

  @Option(help: "Write the port to this file once it listens.")
  var portFile: String?

  func validate() throws {
    guard (0...65_535).contains(port) else { throw ValidationError("--port must be 0 to 65535") }
    guard (1...200).contains(connections), (1...64).contains(extractions) else {
      throw ValidationError("--connections must be 1 to 200, and --extractions 1 to 64")
    }
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key belong together")
    }
  }

  /// The main thread only waits: everything happens on others.
  func run() throws {
    let done = DispatchSemaphore(value: 0)
    let outcome = Mutex<Result<Void, any Error>>(.success(()))
    Task {
      do {
        try await serve()
      } catch {
        outcome.withLock { $0 = .failure(error) }
      }
      done.signal()
    }
    done.wait()
    try outcome.withLock { $0 }.get()
  }

  private func serve() async throws {
    let given = database ?? ProcessInfo.processInfo.environment["DATABASE_URL"]
    guard let url = given, !url.isEmpty else {
      throw ValidationError("give --database URL, or set DATABASE_URL")
    }
    LoggingSystem.bootstrap { JSONLogHandler(label: $0) }
    var logger = Logger(label: "docproc-coordinator")
    logger.logLevel = .notice
    var settings = CoordinatorService.Settings(database: url)
    settings.host = host
    settings.port = port
    settings.connections = connections
    settings.extractions = extractions
    settings.certificate = tlsCertificate
    settings.privateKey = tlsKey
    settings.isBehindTLS = behindTLS
    settings.allowsPrivateWebhooks = privateWebhooks
    settings.traces = TraceExport.endpoint(ProcessInfo.processInfo.environment)
    let scheme = tlsKey == nil ? "http" : "https"
    let service = try CoordinatorService(settings, logger: logger)
    let link = signInLink ? try await service.signInKey() : nil
    do {
      try await service.run { [logger, host, portFile] port in
        if let link { print("\(scheme)://\(host):\(port)/login?key=\(link)") }
        fflush(nil)
        logger.notice("serving", metadata: ["url": "\(scheme)://\(host):\(port)"])
        if let portFile {
          try? "\(port)\n".write(toFile: portFile, atomically: true, encoding: .utf8)
        }
      }
    } catch let error as NIOSSLError {
      throw CannotListen(
        description: "the TLS certificate or its key cannot be used (\(error)): "
          + "\(tlsCertificate ?? ""), \(tlsKey ?? "")")
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw CannotListen(
        description: "port \(port) of \(host) is in use by another program; give --port")
    }
  }

  private struct CannotListen: Error, CustomStringConvertible {
    let description: String
  }
}
