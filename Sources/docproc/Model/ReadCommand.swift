import Retrieval
import Answering
import ArgumentParser
import Documents
import Foundation
import Host
import Reading
import Results

struct ReadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Read a document in this process, without a queue, and print the answer as JSON.")

  @Argument(help: "The document: a text file or a directory.")
  var path: String

  @Option(help: "A question; without one the document is summarized.")
  var question: String?

  @Option(help: "The model's name or folder.")
  var model = DefaultModel.name

  @OptionGroup
  var document: DocumentOptions

  @OptionGroup
  var writing: WritingOptions

  @Option(
    help: """
      Before anything is written, replace by an empty one the state of all layers (all), of those \
      that remember a matrix (lightning), or of those that remember keys and values (softmax).
      """)
  var emptyState = StateAblation.none

  @OptionGroup var computing: ThreadOptions

  private struct Output: Encodable {
    let answer: String
    let answeredFrom: String
    let reasoning: String?
    let supported: Bool
    let evidence: [Quote]
    let outline: [OutlineEntry]?
    let reading: ReadingFigures

    enum CodingKeys: String, CodingKey {
      case answer, reasoning, supported, evidence, outline, reading
      case answeredFrom = "answered_from"
    }
  }

  func validate() throws {
    if question == nil { try writing.refuseForSummary() }
    if emptyState != .none, writing.from == .passages {
      throw ValidationError("--from passages makes no reading whose state could be emptied")
    }
  }

  func run() throws {
    let document = try document.load(path, OutputOptions())
    let answerer = try Answerer(folder: DataHome.modelFolder(model), threads: computing.threads)
    var options = AnswerOptions()
    options.route = writing.from
    options.isFocused = writing.focused
    options.mostTokens = writing.maxAnswerTokens ?? options.mostTokens
    options.thinkTokens = writing.thinkTokens
    options.effort = writing.effort ?? 1
    options.goesBeyondContext = writing.beyondContext
    options.ablation = emptyState
    let answer = try answerer.read(
      document, task: question.map { .ask(Question($0)) } ?? .summarize(), options: options)
    print(
      JSONText.pretty(
        Output(
          answer: answer.text, answeredFrom: answer.source,
          reasoning: answer.reasoning.isEmpty ? nil : answer.reasoning,
          supported: answer.isSupported, evidence: answer.evidence,
          outline: answer.outline.isEmpty ? nil : answer.outline,
          reading: answer.figures)))
  }
}

extension StateAblation: ExpressibleByArgument {}
