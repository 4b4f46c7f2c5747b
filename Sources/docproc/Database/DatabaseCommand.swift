import ArgumentParser
import Foundation
import Jobs
import Postgres

struct DatabaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "db", abstract: "The database: its address, schema and health.",
    subcommands: [URLCommand.self, MigrateCommand.self, DoctorCommand.self])
}

struct URLCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "url", abstract: "Print the connection URL, for psql \"$(docproc db url)\".")

  @OptionGroup var database: DatabaseOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let url = try database.url()
    print(json ? JSONText.line(["url": url]) : url)
  }
}

struct MigrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate", abstract: "Bring the database's schema to this program's version.")

  @OptionGroup var database: DatabaseOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let applied = try JobQueue.migrator.migrate(try Connection(url: try database.url()))
    if json { return print(JSONText.line(["applied": applied])) }
    print(applied.isEmpty ? "the schema is up to date" : "applied \(applied.map(String.init).joined(separator: ", "))")
  }
}

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check the database, its schema, its workers and the payload decoder.")

  @OptionGroup var database: DatabaseOptions

  @Flag(help: "Print JSON.")
  var json = false

  private struct Report: Encodable {
    let server: String
    let schema: String
    let liveWorkers: Int
    let decoder: String

    enum CodingKeys: String, CodingKey {
      case server, schema, decoder
      case liveWorkers = "live_workers"
    }
  }

  func run() throws {
    let queue = try database.queue()
    let row = try queue.connection.query(
      "select version() as server, to_regprocedure('docproc.zstd_decode(bytea, bigint)') is not null as decodes"
    ).first
    let report = Report(
      server: try row?.text("server") ?? "", schema: "current", liveWorkers: try queue.liveWorkers(),
      decoder: try row?.boolean("decodes") == true
        ? "plpython3u" : "none: payloads are decoded by docproc result; see docproc.install_decoder()")
    if json { return print(JSONText.line(report)) }
    print(
      "server        \(report.server)\nschema        \(report.schema)\nlive workers  \(report.liveWorkers)\ndecoder       \(report.decoder)"
    )
  }
}
