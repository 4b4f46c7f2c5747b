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
    let applied = try JobQueue.migrate(try Connection(url: try database.url()))
    if json { return print(JSONText.line(["applied": applied])) }
    print(
      applied.isEmpty
        ? "the schema is up to date" : "applied \(applied.map(String.init).joined(separator: ", "))"
    )
  }
}
