import Constraints
import Schemas

/// What an answer has to be other than words: JSON under a schema, or calls of tools.
enum AskedShape {
  /// Compiling a grammar takes a while, which requests of others must not wait for.
  static let queue = BlockingQueue("grammars", width: 2)

  private static let anyObject = JSONTree.object([JSONTree.Member("type", .string("object"))])

  /// The schema of a `response_format`, or of `text.format`; nil where words are wanted.
  /// - Parameters:
  ///   - format: as it was given.
  ///   - described: what holds the schema and its name.
  ///   - schema: the same with its members in their order.
  /// - Throws: `APIError` where it is none, or none that can be followed.
  static func schema(
    _ format: JSON, described: JSON, _ schema: () throws -> JSONTree?, _ param: String
  ) throws -> JSONSchema? {
    if format.isNull { return nil }
    guard let type = format["type"].string else {
      throw Check.wrong(param, "an object with a type")
    }
    switch type {
    case "text": return nil
    case "json_object": return try checked(anyObject, param)
    case "json_schema":
      guard let given = try schema() else {
        throw APIError.badRequest("'\(param)' has no schema.", param: param)
      }
      guard described["name"].string?.isEmpty == false else {
        throw APIError.badRequest("'\(param)' needs a name.", param: param)
      }
      return try checked(given, param)
    default:
      throw APIError.unsupported(
        "The format '\(type.prefix(100))' is not supported.", param: param)
    }
  }

  /// A schema by itself; nil where there is none.
  /// - Throws: `APIError` where none can be followed.
  static func schema(_ schema: () throws -> JSONTree?, _ param: String) throws -> JSONSchema? {
    guard let given = try schema(), given != .null else { return nil }
    return try checked(given, param)
  }

  private static func checked(_ tree: JSONTree, _ param: String) throws -> JSONSchema {
    do {
      guard tree.text.utf8.count <= JSONSchema.mostBytes else {
        throw SchemaError("it has more than \(JSONSchema.mostBytes) bytes")
      }
      let schema = try JSONSchema(tree: tree)
      try check(.json(schema))
      return schema
    } catch let error where error is SchemaError || error is GrammarError {
      throw APIError.badRequest("\(error)", param: param, code: "invalid_schema")
    }
  }

  /// - Parameters:
  ///   - choice: with its members in their order.
  ///   - tools: the same.
  /// - Throws: `APIError`
  static func tools(
    _ body: JSON, choice: () throws -> JSONTree?, _ tools: () throws -> JSONTree?
  ) throws -> ToolSet? {
    guard body["tools"].array?.isEmpty == false else {
      guard body["tools"].isNull || body["tools"].array != nil else {
        throw Check.wrong("tools", "a list")
      }
      return nil
    }
    guard let given = try tools() else { return nil }
    do {
      var set = try ToolSet(tree: given).choosing(try choice())
      if let chosen = set { try check(.lark(ToolStyle.tagged.grammar(chosen))) }
      if try Check.bool(body["parallel_tool_calls"], "parallel_tool_calls") == false {
        set?.mostCalls = 1
      }
      return set
    } catch let error where error is ToolError || error is GrammarError {
      throw APIError.badRequest("\(error)", param: "tools", code: "invalid_tools")
    }
  }

  /// As a job's parameters have it; nil: as the model likes.
  static func choice(_ tools: ToolSet) -> EmbeddedJSON? {
    switch tools.choice {
    case .auto: nil
    case .required: EmbeddedJSON("required")
    case .tool(let name): EmbeddedJSON(name)
    }
  }

  /// A worker looks again: this host need not have the library.
  private static func check(_ grammar: GrammarEngine.Grammar) throws {
    do {
      try GrammarEngine().check(grammar)
    } catch GrammarError.unavailable {}
  }
}
