/// Functions that a model may ask to be called, in OpenAI's format. Nothing here calls them.
package struct ToolSet: Sendable, Equatable {
  package static let most = 200
  private static let mostBytes = 512 << 10
  private static let longestName = 64

  package struct Tool: Sendable, Equatable {
    package let name: String
    package let description: String?
    package let parameters: JSONSchema
    /// As the model is told it: what was given of name, description and parameters, in that order.
    package let shown: JSONTree
  }

  /// Whether and which tools are called.
  package enum Choice: Sendable, Equatable {
    /// As the model likes.
    case auto
    case required
    case tool(String)
  }

  package let tools: [Tool]
  /// As they were given, as JSON.
  package let text: String
  package var choice = Choice.auto
  /// Calls in one answer, at most.
  package var mostCalls = 8

  /// - Parameter text: a list of tools, each as `{"type": "function", "function": {...}}`, or with
  ///   name and parameters at its top.
  /// - Throws: `ToolError`
  package init(text: String) throws {
    guard text.utf8.count <= Self.mostBytes else {
      throw ToolError("they have \(text.utf8.count) bytes; at most \(Self.mostBytes) are taken")
    }
    do {
      try self.init(tree: JSONTree(parsing: text))
    } catch let error as JSONError {
      throw ToolError("they are no JSON: \(error)")
    }
  }

  /// - Throws: `ToolError`
  package init(tree: JSONTree) throws {
    guard let list = tree.array, !list.isEmpty else {
      throw ToolError("they must be a list that is not empty")
    }
    guard list.count <= Self.most else {
      throw ToolError("there are \(list.count); at most \(Self.most) are taken")
    }
    text = tree.text
    tools = try list.enumerated().map { try Self.tool($1, number: $0 + 1) }
    var names: Set<String> = []
    for tool in tools where !names.insert(tool.name).inserted {
      throw ToolError("two have the name '\(tool.name)'")
    }
  }

  private static func tool(_ tree: JSONTree, number: Int) throws -> Tool {
    if let type = tree["type"], type != .string("function") {
      throw ToolError(
        "tool \(number) has the type \(type.text.prefix(60)); only functions are taken")
    }
    let function = tree["function"] ?? tree
    guard let name = function["name"]?.string, !name.isEmpty else {
      throw ToolError("tool \(number) has no name")
    }
    let isPlain = name.utf8.allSatisfy {
      (48...57).contains($0) || (97...122).contains($0 | 32) || $0 == 45 || $0 == 95
    }
    guard isPlain, name.utf8.count <= longestName else {
      throw ToolError(
        "tool \(number) has the name '\(name.prefix(80))': letters, digits, _ and - are taken, "
          + "\(longestName) at most")
    }
    let none = JSONTree.object([
      JSONTree.Member("type", .string("object")), JSONTree.Member("properties", .object([])),
      JSONTree.Member("additionalProperties", .bool(false)),
    ])
    let given = function["parameters"].flatMap { $0 == .null ? nil : $0 } ?? none
    if let type = given["type"], type != .string("object") {
      throw ToolError("the parameters of '\(name)' must have the type object: arguments have names")
    }
    do {
      // Arguments are an object, whether the schema says so or not.
      let whole = given["type"] == nil ? given.with("type", .string("object")) : given
      let told = (function.members ?? []).filter {
        ["name", "description", "parameters"].contains($0.name)
      }
      return Tool(
        name: name, description: function["description"]?.string,
        parameters: try JSONSchema(tree: whole), shown: .object(told))
    } catch let error as SchemaError {
      throw ToolError("the parameters of '\(name)': \(error)")
    }
  }

  /// The same with a choice, in OpenAI's words; nil where nothing may be called.
  /// - Throws: `ToolError` for a tool that is not among them.
  package func choosing(_ choice: JSONTree?) throws -> ToolSet? {
    var chosen = self
    switch choice {
    case nil, .null?, .string("auto")?: chosen.choice = .auto
    case .string("none")?: return nil
    case .string("required")?: chosen.choice = .required
    case let other?:
      let name = other.string ?? other["function"]?["name"]?.string ?? other["name"]?.string
      guard let name, tools.contains(where: { $0.name == name }) else {
        throw ToolError("the choice \(other.text.prefix(100)) is none of them")
      }
      chosen.choice = .tool(name)
    }
    return chosen
  }

  /// Those that the choice allows.
  package var callable: [Tool] {
    if case .tool(let name) = choice { return tools.filter { $0.name == name } }
    return tools
  }
}

/// What of tools cannot be used.
package struct ToolError: Error, Equatable, CustomStringConvertible {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }

  package var description: String { "the tools cannot be used: \(reason)" }
}

/// A call that a model asks for.
package struct ToolCall: Sendable, Codable, Equatable {
  package let name: String
  /// JSON of an object.
  package let arguments: String

  package init(name: String, arguments: String) {
    self.name = name
    self.arguments = arguments
  }
}
