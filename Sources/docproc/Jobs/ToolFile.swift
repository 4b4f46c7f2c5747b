import Constraints
import Foundation
import Schemas

/// Tools in a file, in OpenAI's format.
enum ToolFile {
  private static let mostBytes = 16 << 20

  /// Looks at them as far as this host can: a worker looks again before it reads.
  /// - Throws: `UserError`, `ToolError`, `GrammarError.refused`
  static func read(_ path: String, choice: String?) throws -> ToolSet? {
    guard let file = FileHandle(forReadingAtPath: path),
      let data = try? file.read(upToCount: mostBytes)
    else { throw UserError("there is no file \(path) that can be read") }
    guard let text = String(data: data, encoding: .utf8) else {
      throw UserError("\(path) is no text in UTF-8")
    }
    let tools = try ToolSet(text: text)
    do {
      try GrammarEngine().check(.lark(ToolStyle.tagged.grammar(tools)))
    } catch GrammarError.unavailable {
      // Workers may have what this host has not.
    }
    return try tools.choosing(choice.map(JSONTree.string))
  }
}
