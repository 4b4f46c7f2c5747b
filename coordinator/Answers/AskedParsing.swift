import Constraints
import Foundation
import Jobs
import Schemas

/// Requests of both APIs as `Asked`. What cannot be done is refused by name, and nothing is left
/// out in silence.
enum AskedParsing {
  private static let mostTokens = 4096
  private static let mostStops = 4

  // MARK: What both have

  /// What stands in both kinds of request.
  private static let shared: Set<String> = [
    "model", "stream", "temperature", "top_p", "tools", "tool_choice", "parallel_tool_calls",
    "metadata", "store", "user", "service_tier", "top_logprobs", "stream_options",
    "safety_identifier",
    "prompt_cache_key", "prompt_cache_retention", "docproc",
  ]

  private static func common(_ body: AskedBody) throws -> Asked {
    var asked = Asked()
    guard let model = try Check.string(body["model"], "model"), !model.isEmpty else {
      throw APIError.badRequest("'model' is required.", param: "model")
    }
    asked.model = try Check.text(model, "model")
    asked.stream = try Check.bool(body["stream"], "stream") ?? false
    asked.temperature = try Check.number(body["temperature"], 0...2, "temperature")
    asked.topP = try Check.number(body["top_p"], 0...1, "top_p")
    asked.metadata = try Check.metadata(body["metadata"])
    asked.tools = try AskedShape.tools(
      body.json, choice: { try body.ordered("tool_choice") }, { try body.ordered("tools") })
    if let count = try Check.integer(body["top_logprobs"], 0...20, "top_logprobs"), count > 0 {
      throw APIError.unsupported("Log probabilities are not given.", param: "top_logprobs")
    }
    asked.own = try own(body["docproc"])
    return asked
  }

  private static func own(_ value: JSON) throws -> Asked.OwnOptions {
    var own = Asked.OwnOptions()
    if value.isNull { return own }
    try Check.known(value, ["from", "priority", "focused", "keep", "beyond_context", "effort"])
    own.effort = try Check.integer(value["effort"], 1...32, "docproc.effort")
    own.from = try Check.string(value["from"], "docproc.from")
    if let from = own.from, !["reading", "reading+passages", "passages"].contains(from) {
      throw Check.wrong("docproc.from", "'reading', 'reading+passages' or 'passages'")
    }
    own.priority =
      try Check.integer(value["priority"], -1_000_000...1_000_000, "docproc.priority") ?? 0
    own.focused = try Check.bool(value["focused"], "docproc.focused")
    own.keep = try Check.bool(value["keep"], "docproc.keep")
    own.beyondContext = try Check.bool(value["beyond_context"], "docproc.beyond_context")
    return own
  }

  private static func tokens(_ body: AskedBody, _ names: String...) throws -> Int? {
    for name in names {
      // It is a bound: a wider one than ours is kept too.
      if let most = try Check.integer(body[name], 1...Int(Int32.max), name) {
        return min(most, mostTokens)
      }
    }
    return nil
  }

  // MARK: Chat

  private static let chatNames: Set<String> = shared.union([
    "messages", "max_tokens", "max_completion_tokens", "response_format", "n", "stop", "seed",
    "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "modalities",
    "reasoning_effort", "functions", "function_call", "verbosity",
  ])

  /// A request to `/v1/chat/completions`.
  /// - Throws: `APIError`
  static func chat(_ body: AskedBody) throws -> Asked {
    try Check.known(body.json, chatNames)
    var asked = try common(body)
    let format = body["response_format"]
    asked.schema = try AskedShape.schema(
      format, described: format["json_schema"],
      { try body.ordered("response_format", "json_schema", "schema") }, "response_format")
    asked.mostTokens = try tokens(body, "max_completion_tokens", "max_tokens")
    asked.seed = try Check.integer(body["seed"], Int.min...Int.max, "seed")
    asked.stop = try stops(body["stop"])
    asked.includesUsage =
      try Check.bool(body["stream_options"]["include_usage"], "stream_options.include_usage")
      ?? false
    asked.thinkTokens = try effort(body["reasoning_effort"], "reasoning_effort")
    try refuseOfChat(body)
    guard let messages = body["messages"].array, !messages.isEmpty else {
      throw APIError.badRequest("'messages' must be a list that is not empty.", param: "messages")
    }
    try fill(&asked, messages, "messages")
    try refuseBoth(asked, "response_format")
    return asked
  }

  /// Of a document either is had, and words alone are weighed.
  private static func refuseBoth(_ asked: Asked, _ param: String) throws {
    if asked.own.effort != nil, asked.task != .ask {
      throw APIError.unsupported(
        "Answers in words about files are weighed, and no others.", param: "docproc.effort")
    }
    guard asked.schema != nil, asked.tools != nil, asked.task != .chat else { return }
    throw APIError.unsupported(
      "With files, give a schema or tools: not both in one request.", param: param)
  }

  private static func refuseOfChat(_ body: AskedBody) throws {
    if let count = try Check.integer(body["n"], 1...128, "n"), count > 1 {
      throw APIError.unsupported("One answer is given for each request.", param: "n")
    }
    for name in ["frequency_penalty", "presence_penalty"] {
      if let value = try Check.number(body[name], -2...2, name), value != 0 {
        throw APIError.unsupported("'\(name)' is not supported.", param: name)
      }
    }
    if try Check.bool(body["logprobs"], "logprobs") == true {
      throw APIError.unsupported("Log probabilities are not given.", param: "logprobs")
    }
    if body["logit_bias"].object?.isEmpty == false {
      throw APIError.unsupported("'logit_bias' is not supported.", param: "logit_bias")
    }
    if let kinds = body["modalities"].array, kinds != ["text"] {
      throw APIError.unsupported("Answers are text.", param: "modalities")
    }
    for name in ["functions", "function_call"] where !body[name].isNull {
      throw APIError.unsupported("'\(name)' is not supported: use 'tools'.", param: name)
    }
  }

  private static func stops(_ value: JSON) throws -> [String] {
    if value.isNull { return [] }
    let texts = value.array?.map(\.string) ?? [value.string]
    let stops = texts.compactMap(\.self).filter { !$0.isEmpty }
    guard stops.count == texts.count, stops.count <= mostStops else {
      throw Check.wrong("stop", "a text, or at most \(mostStops) texts")
    }
    return stops
  }

  /// Tokens that a model may think, by OpenAI's words for it; nil: as the model does by itself.
  private static func effort(_ value: JSON, _ param: String) throws -> Int? {
    guard let effort = try Check.string(value, param) else { return nil }
    switch effort {
    case "none", "minimal": return 0
    case "low": return 512
    case "medium": return 2048
    case "high": return 8192
    case "xhigh": return 32_768
    default: throw Check.wrong(param, "'none', 'minimal', 'low', 'medium', 'high' or 'xhigh'")
    }
  }

  // MARK: Responses

  private static let responseNames: Set<String> = shared.union([
    "input", "instructions", "text", "max_output_tokens", "background", "previous_response_id",
    "include", "truncation", "reasoning", "max_tool_calls", "conversation", "prompt",
  ])

  /// A request to `/v1/responses`.
  /// - Throws: `APIError`
  static func response(_ body: AskedBody) throws -> Asked {
    try Check.known(body.json, responseNames)
    var asked = try common(body)
    let format = body["text"]["format"]
    asked.schema = try AskedShape.schema(
      format, described: format, { try body.ordered("text", "format", "schema") }, "text.format")
    asked.mostTokens = try tokens(body, "max_output_tokens")
    asked.background = try Check.bool(body["background"], "background") ?? false
    asked.previous = try Check.string(body["previous_response_id"], "previous_response_id")
    asked.instructions = try Check.string(body["instructions"], "instructions")
    asked.thinkTokens = try effort(body["reasoning"]["effort"], "reasoning.effort")
    if let cut = try Check.string(body["truncation"], "truncation"), cut != "disabled" {
      throw APIError.unsupported(
        "Nothing is ever cut; leave 'truncation' out.", param: "truncation")
    }
    for name in ["conversation", "prompt"] where !body[name].isNull {
      throw APIError.unsupported("'\(name)' is not supported.", param: name)
    }
    if body["include"].array?.isEmpty == false {
      throw APIError.unsupported("Nothing more can be included.", param: "include")
    }
    try fill(&asked, try items(body["input"]), "input")
    if asked.previous != nil, !asked.files.isEmpty {
      throw APIError.unsupported(
        "A response goes on with the files of the one before; give new files without it.",
        param: "previous_response_id")
    }
    try refuseBoth(asked, "text.format")
    return asked
  }

  private static func items(_ input: JSON) throws -> [JSON] {
    if let text = input.string { return [["role": "user", "content": .string(text)]] }
    guard let items = input.array, !items.isEmpty else {
      throw APIError.badRequest(
        "'input' must be a text, or a list that is not empty.", param: "input")
    }
    // A list of parts without a role is what the user says.
    let areParts = items.allSatisfy {
      $0["role"].isNull && $0["type"].string?.hasPrefix("input_") == true
    }
    return areParts ? [["role": "user", "content": .array(items)]] : items
  }

  // MARK: Messages

  /// Puts messages where they belong: the last of the user's, those before it, and what is said by
  /// who runs the application.
  private static func fill(_ asked: inout Asked, _ messages: [JSON], _ param: String) throws {
    var told = [asked.instructions].compactMap(\.self)
    var question: String?
    for (index, message) in messages.enumerated() {
      let place = "\(param)[\(index)]"
      let spoken = try said(message, &asked.files, place)
      let text = spoken.text
      switch spoken.role {
      case "system", "developer": told.append(text)
      case "user": question = [question, text].compactMap(\.self).joined(separator: "\n\n")
      case "assistant":
        asked.turns.append(AnsweredQuestion(question: question ?? "", answer: text))
        question = nil
      case let role:
        throw APIError.unsupported(
          "Messages of the role '\(role?.prefix(100) ?? "")' are not supported.",
          param: place + ".role")
      }
    }
    guard let message = question, !message.allSatisfy(\.isWhitespace) else {
      throw APIError.badRequest("The last message must be the user's, with text.", param: param)
    }
    asked.message = message
    asked.instructions = told.isEmpty ? nil : told.joined(separator: "\n\n")
  }

  /// Who says what in a message, or in an item that stands for one: calls are the model's, what
  /// came of them the user's.
  private static func said(
    _ message: JSON, _ files: inout [Asked.File], _ place: String
  ) throws -> (role: String?, text: String) {
    switch message["type"].string {
    case nil, "message": break
    case "function_call":
      return ("assistant", try calls([message], place))
    case "function_call_output":
      return ("user", result(try content(message["output"], &files, place + ".output")))
    case let type?:
      throw APIError.unsupported(
        "Items of the type '\(type.prefix(100))' are not supported.", param: place)
    }
    let role = try Check.string(message["role"], place + ".role")
    if role == "assistant", let made = message["tool_calls"].array, !made.isEmpty {
      return (role, try calls(made.map { $0["function"] }, place + ".tool_calls"))
    }
    let text = try content(message["content"], &files, place + ".content")
    return role == "tool" ? ("user", result(text)) : (role, text)
  }

  private static func calls(_ made: [JSON], _ place: String) throws -> String {
    ToolStyle.tagged.text(
      try made.map { call in
        guard let name = call["name"].string, let arguments = call["arguments"].string else {
          throw APIError.badRequest("A call needs a name and arguments.", param: place)
        }
        return ToolCall(
          name: try Check.text(name, place), arguments: try Check.text(arguments, place))
      })
  }

  private static func result(_ text: String) -> String {
    "<tool_response>\n\(text)\n</tool_response>"
  }

  private static func content(
    _ content: JSON, _ files: inout [Asked.File], _ param: String
  ) throws -> String {
    if let text = content.string { return try Check.text(text, param) }
    guard let parts = content.array else { throw Check.wrong(param, "a text or a list of parts") }
    var texts: [String] = []
    for (index, part) in parts.enumerated() {
      let place = "\(param)[\(index)]"
      switch part["type"].string {
      case "text", "input_text", "output_text":
        guard let text = part["text"].string else { throw Check.wrong(place + ".text", "a string") }
        texts.append(try Check.text(text, place))
      case "refusal": texts.append(part["refusal"].string ?? "")
      case "input_file": files.append(try file(part, place))
      case "file": files.append(try file(part["file"], place + ".file"))
      case let type:
        throw APIError.unsupported(
          "Parts of the type '\(type?.prefix(100) ?? "")' are not supported.", param: place)
      }
    }
    return texts.joined(separator: "\n")
  }

  private static func file(_ part: JSON, _ param: String) throws -> Asked.File {
    if let id = part["file_id"].string { return .stored(id: id) }
    if !part["file_url"].isNull {
      throw APIError.unsupported(
        "Files are not fetched from elsewhere; upload them to /v1/files.",
        param: param + ".file_url")
    }
    guard let data = part["file_data"].string else {
      throw APIError.badRequest("'file_id' or 'file_data' is required.", param: param)
    }
    let encoded = data.hasPrefix("data:") ? String(data.drop { $0 != "," }.dropFirst()) : data
    guard let bytes = Data(base64Encoded: encoded), !bytes.isEmpty else {
      throw APIError.badRequest(
        "'file_data' must be base64, by itself or in a data URL.", param: param + ".file_data")
    }
    let name = try FileRoutes.filename(part["filename"].string ?? "file")
    return .inline(name: name, bytes: [UInt8](bytes))
  }
}
