import Foundation
import HTTPTypes
import Jobs
import Schemas
import Testing

@testable import docproc_coordinator

/// Requests as they are understood, and as they are refused.
@Suite struct AskedTests {
  private static func chat(_ body: String) throws -> Asked {
    try AskedParsing.chat(try AskedBody(Array(body.utf8)))
  }

  private static func response(_ body: String) throws -> Asked {
    try AskedParsing.response(try AskedBody(Array(body.utf8)))
  }

  @Test func messagesFindTheirPlaces() throws {
    let asked = try Self.chat(
      """
      {"model": "m", "max_tokens": 9000, "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One"}, {"role": "assistant", "content": "Two"},
        {"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}},
          {"type": "text", "text": "Three"}, {"type": "text", "text": "<|im_end|>"}]}]}
      """)
    #expect(asked.instructions == "Be brief.")
    #expect(asked.turns == [AnsweredQuestion(question: "One", answer: "Two")])
    #expect(asked.files == [.stored(id: "file-1")])
    #expect(asked.message == "Three\n<|im_end|>")
    #expect(asked.mostTokens == 4096, "a bound that is wider than ours")
    #expect(asked.task == .ask)
  }

  @Test func inputIsTextOrParts() throws {
    #expect(try Self.response(#"{"model": "m", "input": "Hi"}"#).task == .chat)
    let asked = try Self.response(
      """
      {"model": "m", "instructions": "A", "input": [
        {"role": "developer", "content": "B"},
        {"type": "message", "role": "user", "content": [
          {"type": "input_file", "filename": "x/y.txt", "file_data": "data:text/plain;base64,aGk="},
          {"type": "input_text", "text": "What?"}]}]}
      """)
    #expect(asked.instructions == "A\n\nB")
    #expect(asked.files == [.inline(name: "y.txt", bytes: Array("hi".utf8))])
  }

  private static let refused: [(body: String, param: String?)] = [
    (#"{"messages": []}"#, "model"), (#"{"model": "m"}"#, "messages"),
    (#"{"model": "m", "messages": "x"}"#, "messages"),
    (#"{"model": "m", "messages": [{"role": "assistant", "content": "x"}]}"#, "messages"),
    (#"{"model": "m", "messages": [{"role": "narrator", "content": "x"}]}"#, "messages[0].role"),
    (#"{"model": "m", "messages": [{"role": "user", "content": 5}]}"#, "messages[0].content"),
    (
      #"{"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#,
      "messages[0].content[0]"
    ),
    (#"{"model": "m", "n": 2, "messages": [{"role": "user", "content": "x"}]}"#, "n"),
    (#"{"model": "m", "frob": 2, "messages": [{"role": "user", "content": "x"}]}"#, "frob"),
    (#"{"model": "m", "temperature": 3, "messages": []}"#, "temperature"),
    (#"{"model": "m", "max_tokens": 0, "messages": []}"#, "max_tokens"),
    (#"{"model": "m", "stop": ["a","b","c","d","e"], "messages": []}"#, "stop"),
    (#"{"model": "m", "logprobs": true, "messages": []}"#, "logprobs"),
    (#"{"model": "m", "docproc": {"from": "memory"}, "messages": []}"#, "docproc.from"),
    (#"{"model": "m", "metadata": {"a": 5}, "messages": []}"#, "metadata"),
    (
      #"{"model": "m", "messages": [{"role": "user", "content": "a\u0000b"}]}"#,
      "messages[0].content"
    ),
    (
      #"{"model": "m", "response_format": {"type": "xml"}, "messages": []}"#, "response_format"
    ),
    (
      #"{"model": "m", "response_format": {"type": "json_schema"}, "messages": []}"#,
      "response_format"
    ),
    (
      ##"{"model": "m", "response_format": {"type": "json_schema", "json_schema": {"name": "a", "##
        + ##""schema": {"$ref": "https://example.org"}}}, "messages": []}"##, "response_format"
    ),
    (#"{"model": "m", "tools": [{"type": "function"}], "messages": []}"#, "tools"),
    (#"{"model": "m", "tools": {}, "messages": []}"#, "tools"),
    (
      #"{"model": "m", "tools": [{"name": "f"}], "tool_choice": "g", "messages": []}"#, "tools"
    ),
    ("[]", nil), ("{", nil), ("", nil),
  ]

  @Test func aSchemaKeepsItsOrder() throws {
    let schema = #"{"type":"object","properties":{"z":{},"a":{}}}"#
    let asked = try Self.chat(
      """
      {"model": "m", "messages": [{"role": "user", "content": "x"}], "response_format":
        {"type": "json_schema", "json_schema": {"name": "n", "schema": \(schema)}}}
      """)
    #expect(asked.schema?.tree.text == schema)
    let other = try Self.response(
      """
      {"model": "m", "input": "x", "text": {"format":
        {"type": "json_schema", "name": "n", "schema": \(schema)}}}
      """)
    #expect(other.schema == asked.schema)
    #expect(
      try Self.chat(
        #"{"model": "m", "response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": "x"}]}"#
      ).schema != nil)
  }

  @Test func toolsAndWhatCameOfThemArePartOfTheTalk() throws {
    let asked = try Self.chat(
      """
      {"model": "m", "parallel_tool_calls": false, "tool_choice": {"type": "function",
        "function": {"name": "f"}}, "tools": [{"type": "function", "function": {"name": "f"}}],
       "messages": [{"role": "user", "content": "Go"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function",
          "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "done"}]}
      """)
    #expect(asked.tools?.choice == .tool("f") && asked.tools?.mostCalls == 1)
    #expect(asked.turns.map(\.question) == ["Go"])
    #expect(
      asked.turns.map(\.answer) == [
        "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>"
      ])
    #expect(asked.message == "<tool_response>\ndone\n</tool_response>")
    let other = try Self.response(
      """
      {"model": "m", "input": [{"role": "user", "content": "Go"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "done"}]}
      """)
    #expect(other.turns == asked.turns && other.message == asked.message)
  }

  @Test(arguments: refused)
  func whatCannotBeDoneIsNamed(body: String, param: String?) {
    let error = #expect(throws: APIError.self) { try Self.chat(body) }
    #expect(error?.param == param)
    #expect(error?.status.code == 400)
  }

  @Test func jsonKeepsItsValues() throws {
    let text = #"{"a":[1,2.5,null,true,"x"],"b":{"c":-9007199254740993}}"#
    #expect(try JSON.parsed(Data(text.utf8)).text == text)
  }

  @Test(arguments: [
    ("24h", 86_400), ("7d", 604_800), ("", nil), ("h", nil), ("-1h", nil),
    ("99999999999999999999h", nil),
    ("9999h", nil), ("1w", nil),
  ])
  func windowsAreHoursOrDays(window: String, seconds: Int?) {
    #expect(BatchRoutes.seconds(window) == seconds)
  }

  @Test func linesComeOverPieces() throws {
    var lines = BatchLines()
    var found: [String] = []
    for piece in ["{\"a\"", ":1}\n\n  \n{\"b\":2}\r", "\nlast"] {
      found += try lines.take(Array(piece.utf8)).map { String(decoding: $0.bytes, as: UTF8.self) }
    }
    let rest = lines.finish()
    #expect(found == ["{\"a\":1}", "{\"b\":2}\r"])
    #expect(rest.map(\.number) == [3])
  }

  @Test func stopsCutAndHoldBack() {
    #expect(AnswerView.cut("one two three", ["two", "three"]) == "one ")
    #expect(AnswerView.cut("one", []) == "one")
  }
}
