import Foundation
import TestSupport
import Testing

/// Schemas and tools that cannot be used are refused in words, soon, and before anything is started.
@Suite struct StructuredTests {
  private static let schemas: [(String, String)] = [
    ("{\"type\":", "no JSON"), ("[]", "must be an object"),
    (#"{"properties":{"a":{"$ref":"https://example.org/a.json"}}}"#, "'$ref' at #/properties/a"),
    (##"{"properties":{"a":{"$ref":"#"}},"required":["a"]}"##, "leads back to itself"),
    (#"{"type":"integer","minimum":9,"maximum":3}"#, "'minimum'"),
    (#"{"pattern":"((a{1,500}){1,500}){1,500}"}"#, "'pattern'"),
    ("{\"enum\":[\((0..<10_000).map(String.init).joined(separator: ","))]}", "10000 values"),
    ("{\"description\":\"\(String(repeating: "x", count: 10 << 20))\"}", "bytes"),
    (
      String(repeating: "{\"items\":", count: 5000) + "{}" + String(repeating: "}", count: 5000),
      "deeper"
    ),
  ]
  private static let tools: [(String, String)] = [
    (#"[{"type":"function","function":{}}]"#, "has no name"),
    (#"[{"name":"a"},{"name":"a"}]"#, "two have the name 'a'"), ("{}", "a list"),
    (#"[{"name":"a","parameters":{"$ref":"file:///etc/passwd"}}]"#, "the parameters of 'a'"),
  ]

  private static func refused(_ options: [String], _ text: String, _ said: String) throws {
    let folder = try TemporaryDirectory()
    let program = Program(home: folder.path + "/home")
    let book = try folder.write("book.txt", "A text.")
    let file = try folder.write("given.json", text)
    let began = ContinuousClock.now
    let arguments = options.map { $0 == "BOOK" ? book : $0 == "FILE" ? file : $0 }
    let output = try program.run("docproc", arguments)
    #expect(ContinuousClock.now - began < .seconds(2), "it takes no time to refuse")
    #expect(output.status == 1 && output.error.contains(said), "\(output.error.prefix(500))")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/home/postgres"))
  }

  @Test(arguments: schemas) func aSchemaIsRefused(text: String, said: String) throws {
    try Self.refused(
      ["submit", "BOOK", "--task", "extract", "--schema", "FILE"], text, said)
  }

  @Test(arguments: tools) func toolsAreRefused(text: String, said: String) throws {
    try Self.refused(["ask", "BOOK", "Go.", "--tools", "FILE"], text, said)
  }

  @Test(arguments: [
    ["submit", "BOOK", "--task", "extract"], ["submit", "BOOK", "--schema", "FILE"],
    ["submit", "BOOK", "--each", "page"], ["ask", "BOOK", "Go.", "--tool-choice", "auto"],
    ["submit", "BOOK", "--task", "summarize", "--tools", "FILE"],
    ["ask", "BOOK", "Go.", "--effort", "0"], ["submit", "BOOK", "--effort", "2"],
    ["submit", "BOOK", "--task", "extract", "--schema", "FILE", "--effort", "2"],
    ["submit", "BOOK", "--task", "chat"],
    ["ask", "BOOK", "--questions", "FILE", "--tools", "FILE"],
  ])
  func whatDoesNotGoTogetherIsWrongUsage(options: [String]) throws {
    let folder = try TemporaryDirectory()
    let program = Program(home: folder.path + "/home")
    let book = try folder.write("book.txt", "A text.")
    let file = try folder.write("given.json", "{}")
    let output = try program.run(
      "docproc", options.map { $0 == "BOOK" ? book : $0 == "FILE" ? file : $0 })
    #expect(output.status == 2 && !output.error.isEmpty, "\(output.error)")
  }
}
