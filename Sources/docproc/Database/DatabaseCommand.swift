import ArgumentParser
import Foundation
import Jobs
import Postgres

struct DatabaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "db", abstract: "The database: its address, schema and health.",
    subcommands: [
      URLCommand.self, MigrateCommand.self, UpgradeCommand.self, DecoderCommand.self,
      DoctorCommand.self,
    ])
}

struct URLCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "url", abstract: "Print the connection URL, for psql \"$(docproc db url)\".")

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var output: OutputOptions

  func run() throws {
    let url = try database.url()
    output.print(["url": url], text: url)
  }
}

struct DecoderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decoder",
    abstract: "Let the database itself read results' payloads: for a superuser of the server.",
    discussion: """
      Makes the function that docproc.result_payload needs, with this program's own SQL and nothing \
      that belongs to others. The server needs postgresql-plpython3 and python3-zstandard.
      """)

  @Flag(help: "Print the SQL instead, for psql.")
  var sql = false

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    if sql { return print(Operator.decoder, terminator: "") }
    do {
      try database.open().operator.installDecoder()
    } catch PostgresError.query(_, let message, _) {
      throw UserError(
        "\(message); the URL has to be a superuser's, and the server needs postgresql-plpython3 and "
          + "python3-zstandard")
    }
    output.print(["decoder": "plpython3u"], text: "the database reads payloads now")
  }
}

struct UpgradeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade",
    abstract: "Bring the embedded database to a newer major version of Postgres.",
    discussion: """
      Both versions have to be installed, and nobody connected. The database is copied by pg_dump \
      and compared; the old one stays beside it until you remove it.
      """)

  @Option(help: "The major version; default: the newest that is installed.")
  var to: Int?

  @OptionGroup var output: OutputOptions

  func run() throws {
    guard let done = try EmbeddedPostgres().upgrade(to: to, note: output.note) else {
      return output.print(
        ["upgraded": false], text: "the database is of that version of Postgres already")
    }
    try EmbeddedPostgres().ensureRunning()
    // Each version words views in its own way: what doctor compares with is noted anew.
    _ = try JobDatabase.migrate(try Connection(url: EmbeddedPostgres().url), again: true)
    try? JobDatabase(url: EmbeddedPostgres().url).operator.installDecoder()
    output.print(
      done,
      text: "Postgres \(done.from) -> \(done.to); the old database is in \(done.old): remove it "
        + "once all is well")
  }
}

struct MigrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate", abstract: "Bring the database's schema to this program's version.",
    discussion: """
      Applies the steps that are missing, then the functions, views and rights that have changed. \
      A step that was edited after it was applied is refused.
      """)

  @Flag(help: "Apply all functions, views and rights, also those that this program did not change.")
  var again = false

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var output: OutputOptions

  func run() throws {
    let outcome = try JobDatabase.migrate(
      try Connection(url: try database.url()), again: again)
    output.print(
      Report(applied: outcome.steps, objects: outcome.objects),
      text: outcome.isEmpty ? "the schema is up to date" : Self.text(outcome))
  }

  private struct Report: Encodable {
    let applied: [Int]
    let objects: [String]
  }

  private static func text(_ outcome: Migrator.Outcome) -> String {
    let steps =
      outcome.steps.isEmpty
      ? [] : ["applied " + outcome.steps.map(String.init).joined(separator: ", ")]
    let count = outcome.objects.count
    let files =
      count == 0 ? [] : ["\(count) file\(count == 1 ? "" : "s") of functions, views and rights"]
    return (steps + files).joined(separator: "; ")
  }
}
