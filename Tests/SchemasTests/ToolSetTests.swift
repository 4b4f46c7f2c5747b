import Testing

@testable import Schemas

struct ToolSetTests {
  private static func tool(_ name: String, _ more: String = "") -> String {
    #"{"type":"function","function":{"name":"\#(name)"\#(more)}}"#
  }

  @Test func bothFormsAreTaken() throws {
    let parameters = #"{"properties":{"z":{},"a":{}}}"#
    let nested = try ToolSet(
      text: "[\(Self.tool("f", #","description":"D","parameters":\#(parameters)"#))]")
    let flat = try ToolSet(
      text: #"[{"type":"function","name":"f","description":"D","parameters":\#(parameters)}]"#)
    #expect(nested.tools == flat.tools)
    #expect(
      nested.tools[0].shown.text
        == #"{"name":"f","description":"D","parameters":{"properties":{"z":{},"a":{}}}}"#
    )
    let bare = try ToolSet(text: "[\(Self.tool("g"))]").tools[0].parameters
    #expect(SchemaValidator(bare).violation(of: .object([])) == nil)
    #expect(SchemaValidator(bare).violation(of: .object([.init("x", .null)])) != nil)
  }

  private static let unusable: [(String, String)] = [
    ("{}", "a list"), ("[]", "not empty"), ("[", "no JSON"), ("[{}]", "tool 1 has no name"),
    (#"[{"type":"web_search"}]"#, "only functions"), (#"[{"name":"a b"}]"#, "'a b'"),
    (#"[{"name":"a"},{"name":"a"}]"#, "two have the name 'a'"),
    (#"[{"name":"a","parameters":{"type":"string"}}]"#, "must have the type object"),
    (#"[{"name":"a","parameters":{"minItems":-1}}]"#, "the parameters of 'a'"),
    ("[\((0..<201).map { "{\"name\":\"t\($0)\"}" }.joined(separator: ","))]", "at most 200"),
    ("[\"\(String(repeating: "x", count: 600_000))\"]", "bytes"),
  ]

  @Test(arguments: unusable)
  func whatCannotBeUsedIsNamed(text: String, said: String) {
    let error = #expect(throws: ToolError.self) { try ToolSet(text: text) }
    #expect(error?.description.contains(said) == true, "\(error?.description ?? "none")")
  }

  @Test func aChoiceIsAWordOrATool() throws {
    let tools = try ToolSet(text: "[\(Self.tool("f")),\(Self.tool("g"))]")
    #expect(try tools.choosing(nil)?.choice == .auto)
    #expect(try tools.choosing(.string("none")) == nil)
    #expect(try tools.choosing(.string("required"))?.choice == .required)
    for text in [#""g""#, #"{"type":"function","function":{"name":"g"}}"#, #"{"name":"g"}"#] {
      let chosen = try #require(try tools.choosing(JSONTree(parsing: text)))
      #expect(chosen.choice == .tool("g") && chosen.callable.map(\.name) == ["g"])
    }
    #expect(throws: ToolError.self) { try tools.choosing(.string("h")) }
  }
}
