import ArgumentParser
import Foundation
import Jobs
import Rendering

struct ReadingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "readings", abstract: "Kept readings: what can be asked without reading anew.",
    subcommands: [ListReadingsCommand.self, RemoveReadingsCommand.self],
    defaultSubcommand: ListReadingsCommand.self)
}

struct ListReadingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List kept readings, those used last first.")

  @OptionGroup var options: JobOptions

  func run() throws {
    let readings = try options.database.open().submitter.readings()
    options.output.print(list: readings, text: Self.table(readings))
  }

  private static func table(_ readings: [ReadingStatus]) -> String {
    guard !readings.isEmpty else { return "no reading is kept" }
    let heads = ["reading", "tokens", "size", "to make", "asked", "used", "model, document"]
    let rows = readings.map { reading in
      [
        "\(reading.id)", reading.tokens.formatted(), "\(reading.bytes >> 20) MiB",
        JobTable.duration(Int(reading.seconds.rounded())), "\(reading.asked)",
        "\(JobTable.duration(reading.ageSeconds)) ago",
        "\(ForeignText.clean(reading.model)), \(ForeignText.clean(reading.document))"
          + (reading.focus.map { ": \(ForeignText.clean($0))" } ?? ""),
      ]
    }
    let widths = heads.indices.map { column in
      ([heads] + rows).map { $0[column].count }.max() ?? 0
    }
    let lines = ([heads] + rows).map { row in
      zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
        .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
    }
    let sum = readings.reduce(0) { $0 + $1.bytes } >> 20
    return (lines + ["\(readings.count) kept, \(sum) MiB"]).joined(separator: "\n")
  }
}

struct RemoveReadingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Delete kept readings; documents and results stay.")

  @Argument(help: "The readings' numbers.")
  var ids: [Int]

  @OptionGroup var options: JobOptions

  func run() throws {
    let jobs = try options.database.open().operator
    for id in ids {
      try jobs.forgetReading(id)
      options.output.print(["reading": id], text: "reading \(id) is deleted")
    }
  }
}
