import Foundation
import Schemas
import TestSupport
import Testing

@testable import Constraints

struct ToolStyleTests {
  private static let calls = [
    ToolCall(name: "f", arguments: #"{"a":"</tool_call> } \" {"}"#),
    ToolCall(name: "g", arguments: "{}"),
  ]

  @Test(arguments: [ToolStyle.tagged, .lines])
  func whatIsWrittenIsReadBack(style: ToolStyle) throws {
    #expect(try style.calls(in: style.text(Self.calls)) == Self.calls)
    #expect(try style.calls(in: "No call.").isEmpty)
  }

  @Test func callsStandAsModelsWriteThem() {
    #expect(
      ToolStyle.tagged.text([ToolCall(name: "g", arguments: "{}")])
        == "<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>")
    #expect(
      ToolStyle.lines.text(Self.calls)
        == "<tool_calls>\n{\"name\": \"f\", \"arguments\": {\"a\":\"</tool_call> } \\\" {\"}}\n"
        + "{\"name\": \"g\", \"arguments\": {}}\n</tool_calls>")
  }
}

@Suite(.enabled(if: FileManager.default.fileExists(atPath: GuidanceLibrary.path)))
struct ToolGrammarTests {
  private static func tools(_ count: Int) throws -> ToolSet {
    let all = (0..<count).map { number in
      """
      {"name": "tool_\(number)", "parameters": {"type": "object", "properties":
        {"text": {"type": "string", "maxLength": 12}, "n": {"$ref": "#/$defs/n"}},
        "$defs": {"n": {"enum": [\(number), \(number + 1)]}}, "required": ["text", "n"],
        "additionalProperties": false}}
      """
    }
    return try ToolSet(text: "[\(all.joined(separator: ","))]")
  }

  private static func consume(_ text: String, _ constraint: OutputConstraint) -> Bool {
    for byte in text.utf8 {
      // What is forced is taken by itself: here each byte is offered.
      guard (try? constraint.take(Int32(byte))) != nil else { return false }
    }
    return constraint.accepts
  }

  @Test(arguments: [ToolStyle.tagged, .lines])
  func callsAreValidAndNothingElseIs(style: ToolStyle) throws {
    let engine = try GrammarEngine()
    let grammar = try engine.constraint(.lark(style.grammar(try Self.tools(3))))
    func takes(_ calls: [ToolCall]) throws -> Bool {
      let text = style.text(calls).replacing("\"x\",\"n\":", with: "\"x\", \"n\": ")
        .replacing("\"text\":", with: "\"text\": ")
      return Self.consume(text, try grammar.clone())
    }
    let good = ToolCall(name: "tool_1", arguments: #"{"text":"x","n":2}"#)
    #expect(try takes([good]) && takes([good, good]))
    #expect(try !takes([ToolCall(name: "tool_1", arguments: #"{"text":"x","n":3}"#)]))
    #expect(try !takes([ToolCall(name: "tool_9", arguments: #"{"text":"x","n":2}"#)]))
    #expect(try !takes([]))
    #expect(try !takes(Array(repeating: good, count: 9)), "no more than eight")
  }

  @Test func twoHundredToolsAreCompiledSoon() throws {
    let engine = try GrammarEngine()
    let began = ContinuousClock.now
    let grammar = try engine.constraint(.lark(ToolStyle.tagged.grammar(try Self.tools(200))))
    #expect(ContinuousClock.now - began < .seconds(5))
    let only = try Self.tools(200).choosing(.string("tool_77"))
    let one = try engine.constraint(.lark(ToolStyle.tagged.grammar(try #require(only))))
    var text = ""
    for _ in 0..<3 { text += String(decoding: try one.forced().map(UInt8.init), as: UTF8.self) }
    #expect(text.hasPrefix("<tool_call>\n{\"name\": \"tool_77\", \"arguments\": {\"text\": \""))
    #expect(!grammar.isStopped)
  }
}
