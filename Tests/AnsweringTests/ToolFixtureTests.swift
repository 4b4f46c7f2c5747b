import Constraints
import Documents
import Foundation
import Reading
import Results
import Retrieval
import Schemas
import TestSupport
import Testing

@testable import Answering

/// A tiny model that was trained to call tools: it picks one of many, with the item that is asked for.
@Suite(
  .serialized, .enabled(if: FileManager.default.fileExists(atPath: GuidanceLibrary.path)))
struct ToolFixtureTests {
  private struct Case: Decodable {
    struct Request: Decodable {
      let text: String
      let name: String
      let item: String
    }
    let tools: EmbeddedJSON
    let tokens: Int
    let document: String
    let requests: [Request]
  }

  /// The order of a tool's members is what the model was trained on.
  private static func cases() throws -> [(Case, ToolSet)] {
    let data = try Data(contentsOf: URL(fileURLWithPath: Repository.fixture("tools/cases.json")))
    let cases = try JSONDecoder().decode([Case].self, from: data)
    let trees = try JSONTree(parsing: Array(data)).array ?? []
    return try zip(cases, trees).map { one, tree in
      let tools = try ToolSet(tree: tree["tools"] ?? .null)
      return (one, try #require(try tools.choosing(.string("required"))))
    }
  }

  @Test(arguments: [0, 1, 2]) func theRightToolIsCalledWithTheRightItem(number: Int) throws {
    let (one, tools) = try Self.cases()[number]
    let answerer = try Answerer(folder: Repository.fixture("tools"))
    var options = AnswerOptions()
    options.tools = tools
    options.route = .reading
    options.mostTokens = 200
    let reading = try answerer.reading(
      DocumentTokens(
        Document(name: "notes.txt", text: one.document), answerer.tokenizer, ReadingControl()),
      .ask(Question(one.requests[0].text)), options, ReadingControl())
    var right = 0
    for request in one.requests {
      let answer = try #require(
        try answerer.calls(for: Question(request.text), tools, from: reading, options))
      #expect(answer.figures.passes == 1)
      let call = try #require(answer.calls.first)
      let tool = try #require(tools.tools.first { $0.name == call.name })
      let arguments = try JSONTree(parsing: call.arguments)
      #expect(SchemaValidator(tool.parameters).violation(of: arguments) == nil)
      let isRight = call.name == request.name && arguments["item"] == .string(request.item)
      right += isRight && answer.calls.count == 1 ? 1 : 0
    }
    #expect(
      right * 10 >= one.requests.count * 9,
      "\(right) of \(one.requests.count) with \(tools.tools.count) tools and \(one.tokens) tokens")
  }

  @Test func whoMayAnswersInsteadOfCalling() throws {
    let (one, tools) = try Self.cases()[0]
    let answerer = try Answerer(folder: Repository.fixture("tools"))
    var options = AnswerOptions()
    options.tools = try tools.choosing(.string("auto"))
    options.route = .reading
    let called = try answerer.read(
      Document(name: "notes.txt", text: one.document),
      task: .ask(Question(one.requests[0].text)), options: options)
    #expect(called.calls.map(\.name) == [one.requests[0].name], "it was asked to use one")
  }
}
