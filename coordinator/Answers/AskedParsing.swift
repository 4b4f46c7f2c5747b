import Foundation
import Jobs

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

  private static func common(_ body: JSON) throws -> Asked {
    var asked = Asked()
    guard let model = try Check.string(body["model"], "model"), !model.isEmpty else {
      throw APIError.badRequest("'model' is required.", param: "model")
    }
    asked.model = try Check.text(model, "model")
    asked.stream = try Check.bool(body["stream"], "stream") ?? false
    asked.temperature = try Check.number(body["temperature"], 0...2, "temperature")
    asked.topP = try Check.number(body["top_p"], 0...1, "top_p")
    asked.metadata = try Check.metadata(body["metadata"])
    if body["tools"].array?.isEmpty == false {
      throw APIError.unsupported("Tools are not supported yet.", param: "tools")
    }
    if let choice = body["tool_choice"].string ?? (body["tool_choice"].isNull ? nil : "other"),
      !["none", "auto"].contains(choice)
    {
      throw APIError.unsupported("Tools are not supported yet.", param: "tool_choice")
    }
    if let count = try Check.integer(body["top_logprobs"], 0...20, "top_logprobs"), count > 0 {
      throw APIError.unsupported("Log probabilities are not given.", param: "top_logprobs")
    }
    asked.own = try own(body["docproc"])
    return asked
  }

  private static func own(_ value: JSON) throws -> Asked.OwnOptions {
    var own = Asked.OwnOptions()
    if value.isNull { return own }
    try Check.known(value, ["from", "priority", "focused", "keep", "beyond_context"])
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

  /// Until answers can be held to a schema, who wants that is told so.
  private static func format(_ value: JSON, _ param: String) throws {
    if value.isNull { return }
    guard let type = value["type"].string else { throw Check.wrong(param, "an object with a type") }
    guard type == "text" else {
      throw APIError.unsupported(
        "The format '\(type.prefix(100))' is not supported yet; answers are text.", param: param)
    }
  }

  private static func tokens(_ body: JSON, _ names: String...) throws -> Int? {
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
  static func chat(_ body: JSON) throws -> Asked {
    try Check.known(body, chatNames)
    var asked = try common(body)
    try format(body["response_format"], "response_format")
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
    return asked
  }

  private static func refuseOfChat(_ body: JSON) throws {
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
      throw APIError.unsupported("Tools are not supported yet.", param: name)
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
  static func response(_ body: JSON) throws -> Asked {
    try Check.known(body, responseNames)
    var asked = try common(body)
    try format(body["text"]["format"], "text.format")
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
      if let type = message["type"].string, type != "message" {
        throw APIError.unsupported(
          "Items of the type '\(type.prefix(100))' are not supported.", param: place)
      }
      let text = try content(message["content"], &asked.files, place + ".content")
      switch try Check.string(message["role"], place + ".role") {
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
