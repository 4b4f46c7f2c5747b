import ArgumentParser
import Foundation
import Jobs
import Rendering
import Results

struct ResultCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "result", abstract: "Print a completed job's result.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, markdown, html }

  @Argument(help: "The job's number.")
  var id: Int

  @Flag(help: "Print the document's text as stored, in which offsets count, instead.")
  var text = false

  @Option(
    help: """
      text is the answer alone; markdown and html hold quotes too, html in their place in the text, \
      in one file that needs nothing else.
      """)
  var format: Format?

  @Option(help: "Print this quote, counted from 1, with the lines around it.")
  var open: Int?

  @Option(help: "Quotes to show, at most.")
  var quotes = JobFollower.usualQuotes

  @OptionGroup var options: JobOptions

  func validate() throws {
    guard quotes >= 0 else { throw ValidationError("--quotes must not be negative") }
    guard open ?? 1 >= 1 else { throw ValidationError("--open counts quotes from 1") }
    let chosen = [text, format != nil, open != nil].count(where: \.self)
    guard chosen <= 1 else {
      throw ValidationError("--text, --format and --open each print something else: give one")
    }
  }

  func run() throws {
    let jobs = try options.database.open().submitter
    if text { return print(try jobs.documentText(id), terminator: "") }
    let status = try jobs.status(id)
    if let open { return print(try quote(open, jobs)) }
    let record = try jobs.result(id)
    switch format {
    case nil:
      try JobFollower(jobs, options.database, options.output, quotes: quotes).printResult(status)
    case .json: print(JSONText.pretty(ResultOutput(status, record)))
    case .text: print(PlainResult.text(record))
    case .markdown: print(MarkdownResult(record).text, terminator: "")
    case .html: print(HTMLResult(record, document: try jobs.documentText(id)).text, terminator: "")
    }
  }

  private func quote(_ number: Int, _ jobs: Submitter) throws -> String {
    let record = try jobs.result(id)
    let quotes = record.evidence + (record.answers ?? []).flatMap(\.evidence)
    guard quotes.indices.contains(number - 1) else {
      throw UserError("job \(id) has \(quotes.count) quotes: there is no quote \(number)")
    }
    let quote = quotes[number - 1]
    return OpenedQuote(quote, document: try jobs.documentText(id)).text(TextStyle(STDOUT_FILENO))
  }
}
