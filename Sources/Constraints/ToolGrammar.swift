package import Schemas

/// How a model writes that it calls a tool.
package enum ToolStyle: String, Sendable, Codable {
  /// An object of JSON within tags, a call each: Qwen, Ring and Ling, SmolLM2 and others.
  case tagged
  /// All calls within one pair of tags, one a line: MiniMax-M1.
  case lines

  package var open: String { self == .tagged ? "<tool_call>" : "<tool_calls>" }
  package var close: String { self == .tagged ? "</tool_call>" : "</tool_calls>" }

  /// Calls as the model writes them.
  package func text(_ calls: [ToolCall]) -> String {
    let bodies = calls.map {
      "{\"name\": \(JSONTree.string($0.name).text), \"arguments\": \($0.arguments)}"
    }
    switch self {
    case .tagged: return bodies.map { "\(open)\n\($0)\n\(close)" }.joined(separator: "\n")
    case .lines: return ([open] + bodies + [close]).joined(separator: "\n")
    }
  }

  /// The calls of a text that was written under the grammar.
  /// - Throws: `JSONError`
  package func calls(in text: String) throws -> [ToolCall] {
    var calls: [ToolCall] = []
    // Tags may stand in arguments too: what is between the braces is JSON.
    var rest = Array(text.utf8)[...]
    while let start = rest.firstIndex(of: UInt8(ascii: "{")) {
      var depth = JSONDepth()
      guard let end = rest[start...].firstIndex(where: { depth.ends(with: $0) }) else { break }
      let body = try JSONTree(
        parsing: Array(rest[start...end]), repeatedName: .lastCounts)
      if let name = body["name"]?.string, let arguments = body["arguments"] {
        calls.append(ToolCall(name: name, arguments: arguments.text))
      }
      rest = rest[(end + 1)...]
    }
    return calls
  }

  /// A grammar in llguidance's variant of Lark's syntax.
  package func grammar(_ tools: ToolSet) -> String {
    let callable = tools.callable
    var rules = callable.enumerated().map { index, tool in
      let begin = "{\"name\": \"\(tool.name)\", \"arguments\": "
      let schema = GrammarEngine.told(tool.parameters, isSpaced: true).text
      return "t\(index): \(Self.literal(begin)) a\(index) \"}\"\na\(index): %json \(schema)"
    }
    let any = callable.indices.map { "t\($0)" }.joined(separator: " | ")
    let more = tools.mostCalls - 1
    switch self {
    case .tagged:
      rules += ["start: call (\"\\n\" call){0,\(more)}"]
      rules += ["call: \(Self.literal(open + "\n")) any \(Self.literal("\n" + close))"]
    case .lines:
      rules += [
        "start: \(Self.literal(open + "\n")) any (\"\\n\" any){0,\(more)} "
          + Self.literal("\n" + close)
      ]
    }
    return (rules + ["any: \(any)"]).joined(separator: "\n") + "\n"
  }

  /// Lark's texts are JSON's.
  private static func literal(_ text: String) -> String { JSONTree.string(text).text }
}

/// Where an object of JSON ends.
private struct JSONDepth {
  private var depth = 0
  private var isInText = false
  private var isEscaped = false

  /// - Returns: true for the byte that ends it.
  mutating func ends(with byte: UInt8) -> Bool {
    if isInText {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInText = false
      }
      return false
    }
    switch byte {
    case UInt8(ascii: "\""): isInText = true
    case UInt8(ascii: "{"): depth += 1
    case UInt8(ascii: "}"): depth -= 1
    default: return false
    }
    return depth == 0 && byte == UInt8(ascii: "}")
  }
}
