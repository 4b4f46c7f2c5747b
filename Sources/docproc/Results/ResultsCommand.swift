import ArgumentParser
import Foundation
import Jobs
import Rendering

struct ResultsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "results", abstract: "All results together.",
    subcommands: [ExportCommand.self])
}

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Print all results, a line each, oldest first.",
    discussion: """
      A job that asked many questions has a line for each. In CSV a cell that a spreadsheet would \
      take for a formula gets an apostrophe before it.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case jsonl, csv }

  @Option(help: "jsonl: a JSON object a line; csv: as RFC 4180 says, with names first.")
  var format = Format.jsonl

  @OptionGroup var options: JobOptions

  func run() throws {
    let jobs = try options.database.open().submitter
    if format == .csv { print(CSV.line(ExportedResult.columns), terminator: "\r\n") }
    try jobs.forEachResult { result in
      switch format {
      case .jsonl: print(result.json)
      case .csv: print(CSV.line(result.cells), terminator: "\r\n")
      }
    }
  }
}

/// Comma-separated values (RFC 4180).
enum CSV {
  static func line(_ cells: [String?]) -> String {
    cells.map { cell($0 ?? "") }.joined(separator: ",")
  }

  private static func cell(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let isFormula = scalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
    var cell = isFormula && Double(text) == nil ? "'" : ""
    let special = "\",\r\n".unicodeScalars
    guard scalars.contains(where: special.contains) else { return cell + text }
    for scalar in scalars {
      if scalar == "\"" { cell.unicodeScalars.append(scalar) }
      cell.unicodeScalars.append(scalar)
    }
    return "\"" + cell + "\""
  }
}

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Find answers, summaries and quotes by their words.",
    discussion: "All words have to stand in them; a word's beginning is enough.")

  @Argument(help: "The words.")
  var words: [String]

  @Option(help: "Results to show, at most.")
  var limit = 20

  @OptionGroup var options: JobOptions

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit must be positive") }
    guard words.contains(where: { $0.contains { $0.isLetter || $0.isNumber } }) else {
      throw ValidationError("there is no word to look for")
    }
  }

  func run() throws {
    let found = try options.database.open().submitter.search(
      words.joined(separator: " "), limit: limit)
    let style = TextStyle(STDOUT_FILENO)
    options.output.print(
      list: found,
      text: found.isEmpty
        ? "nothing found" : found.map { Self.text($0, style) }.joined(separator: "\n"))
  }

  private static func text(_ hit: SearchHit, _ style: TextStyle) -> String {
    let question = hit.question.map { ": \(ForeignText.clean($0))" } ?? ""
    return """
      \(style.bold("job \(hit.job)"))  \(ForeignText.clean(hit.document))\(question)
        \(hit.foundIn): \(ForeignText.line(hit.snippet))
      """
  }
}
