import Foundation
import HTTPTypes
import Jobs
import Testing

@testable import docproc_coordinator

/// Requests as they are understood, and as they are refused.
@Suite struct AskedTests {
  private static func chat(_ body: String) throws -> Asked {
    try AskedParsing.chat(try JSON.parsed(Data(body.utf8)))
  }

  private static func response(_ body: String) throws -> Asked {
    try AskedParsing.response(try JSON.parsed(Data(body.utf8)))
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
    (#"{"model": "m", "messages": [{"role": "tool", "content": "x"}]}"#, "messages[0].role"),
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
    ("[]", nil), ("{", nil), ("", nil),
  ]

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
