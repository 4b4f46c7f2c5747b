import Documents
import HTTPTypes
import Jobs
import Schemas

/// Orders of docproc's own API.
struct JobOrders: Sendable {
  private static let names: Set<String> = [
    "file_id", "text", "name", "task", "question", "questions", "model", "priority", "again",
    "deadline_seconds", "parameters",
  ]
  private static let parameterNames: Set<String> = [
    "from", "focused", "max_answer_tokens", "think_tokens", "beyond_context", "keep",
    "instructions", "schema", "each", "tools", "tool_choice", "parallel_tool_calls", "effort",
  ]
  private static let usualModel = "smollm2-135m"

  let pool: DatabasePool
  let limits: ServiceLimits
  let documents: FileDocuments

  /// - Parameter key: orders with the same one are the same job; nil: those with the same content.
  /// - Throws: `APIError`
  func order(
    _ given: AskedBody, key name: String?, traceparent: String? = nil, _ key: APIKey
  ) async throws -> JobStatus {
    let body = given.json
    try Check.known(body, Self.names)
    let values = try await limits.current()
    let task = try Self.task(body["task"])
    let model = try Check.string(body["model"], "model") ?? Self.usualModel
    guard values.models.contains(where: { $0.name == model }) else {
      throw APIError(
        .notFound, "No worker has the model '\(model.prefix(100))'.", param: "model",
        code: "model_not_found")
    }
    let question = try Check.string(body["question"], "question")
      .map { try Check.text($0, "question") }
    var parameters = try await AskedShape.queue.run {
      var parameters = try Self.parameters(body["parameters"])
      try Self.shape(&parameters, task, body["parameters"], given)
      return parameters
    }
    parameters.questions = try Self.questions(body["questions"])
    if task == .ask, question == nil, parameters.questions == nil {
      throw APIError.badRequest("The task 'ask' needs a 'question'.", param: "question")
    }
    let priority =
      try Check.integer(body["priority"], -1_000_000...1_000_000, "priority") ?? 0
    let again = try Check.bool(body["again"], "again") ?? false
    let deadline = try Check.integer(
      body["deadline_seconds"], 1...31_536_000, "deadline_seconds")
    let source = try await source(body, key.tenant)
    if case .file(let document) = source, !document.notes.isEmpty {
      parameters.documentNotes = document.notes
    }
    let wanted = parameters
    return try await pool.run(for: key.tenant) { [limits] session in
      try limits.checkQueue(session, most: values.mostQueuedTokens)
      let made: (id: Int, created: Bool)?
      switch source {
      case .file(let document):
        made = try session.submitter.submit(
          documentNamed: document.name, sha256: document.sha256, task,
          question: question ?? wanted.many,
          model: model, parameters: wanted, priority: priority, again: again, key: name,
          deadlineSeconds: deadline)
      case .text(let document):
        made = try session.submitter.submit(
          JobOrder(
            document, task, question: question ?? wanted.many, model: model, parameters: wanted,
            priority: priority, again: again, key: name, deadlineSeconds: deadline))
      }
      guard let made else {
        throw APIError(.notFound, "The document was deleted meanwhile.", code: "not_found")
      }
      if !made.created { try session.join(job: made.id, isNew: false, isDirect: true) }
      if let traceparent, made.created { try session.trace(job: made.id, traceparent) }
      return try session.submitter.status(made.id)
    }
  }

  private enum Source: Sendable {
    case file(FileDocument)
    case text(Document)
  }

  private func source(_ body: JSON, _ tenant: String) async throws -> Source {
    switch (try Check.string(body["file_id"], "file_id"), try Check.string(body["text"], "text")) {
    case (let id?, nil): return .file(try await documents.document(ofFile: id, tenant))
    case (nil, let text?):
      let name = try FileRoutes.filename(try Check.string(body["name"], "name") ?? "text")
      return .text(Document(name: name, text: try Check.text(text, "text")))
    default:
      throw APIError.badRequest("Give either 'file_id' or 'text'.", param: "file_id")
    }
  }

  private static func task(_ value: JSON) throws -> JobTask {
    let name = try Check.string(value, "task") ?? JobTask.summarize.rawValue
    guard let task = JobTask(rawValue: name) else {
      throw APIError.badRequest(
        "'task' takes \(JobTask.allCases.map(\.rawValue).joined(separator: ", ")).", param: "task")
    }
    return task
  }

  private static func questions(_ value: JSON) throws -> [AskedQuestion]? {
    if value.isNull { return nil }
    guard let all = value.array, !all.isEmpty else {
      throw Check.wrong("questions", "a list of objects with 'id' and 'question'")
    }
    return try all.enumerated().map { index, one in
      guard let id = one["id"].string, let question = one["question"].string else {
        throw Check.wrong("questions[\(index)]", "an object with 'id' and 'question'")
      }
      return AskedQuestion(
        id: try Check.text(id, "questions[\(index)].id"),
        question: try Check.text(question, "questions[\(index)].question"))
    }
  }

  /// What is wanted other than words.
  private static func shape(
    _ parameters: inout JobParameters, _ task: JobTask, _ value: JSON, _ body: AskedBody
  ) throws {
    let schema = try AskedShape.schema(
      { try body.ordered("parameters", "schema") }, "parameters.schema")
    guard (task == .extract) == (schema != nil) else {
      throw APIError.badRequest(
        "The task 'extract' and 'parameters.schema' belong together.", param: "parameters.schema")
    }
    parameters.schema = schema.map { EmbeddedJSON($0.tree.text) }
    parameters.each = try Check.string(value["each"], "parameters.each")
    let kinds = ["part", "chapter", "file", "page", "mail"]
    if let each = parameters.each, !kinds.contains(each) || schema == nil {
      throw Check.wrong(
        "parameters.each", "one of \(kinds.joined(separator: ", ")), with the task 'extract'")
    }
    parameters.effort = try Check.integer(value["effort"], 1...32, "parameters.effort")
    if parameters.effort != nil, task != .ask {
      throw APIError.badRequest(
        "'parameters.effort' is for the task 'ask'.", param: "parameters.effort")
    }
    let tools = try AskedShape.tools(
      value, choice: { try body.ordered("parameters", "tool_choice") },
      { try body.ordered("parameters", "tools") })
    if tools != nil, task != .ask, task != .chat {
      throw APIError.badRequest("'parameters.tools' is for the task 'ask'.", param: "tools")
    }
    parameters.tools = tools.map { EmbeddedJSON($0.text) }
    parameters.toolChoice = tools.flatMap(AskedShape.choice)
    parameters.parallelCalls = tools?.mostCalls == 1 ? false : nil
  }

  private static func parameters(_ value: JSON) throws -> JobParameters {
    if value.isNull { return JobParameters() }
    try Check.known(value, parameterNames)
    let from = try Check.string(value["from"], "parameters.from")
    if let from, !["reading", "reading+passages", "passages"].contains(from) {
      throw Check.wrong("parameters.from", "'reading', 'reading+passages' or 'passages'")
    }
    return JobParameters(
      from: from,
      focused: try Check.bool(value["focused"], "parameters.focused"),
      mostAnswerTokens: try Check.integer(
        value["max_answer_tokens"], 1...4096, "parameters.max_answer_tokens"),
      thinkTokens: try Check.integer(
        value["think_tokens"], 0...32_768, "parameters.think_tokens"),
      beyondContext: try Check.bool(value["beyond_context"], "parameters.beyond_context"),
      keep: try Check.bool(value["keep"], "parameters.keep"),
      instructions: try Check.string(value["instructions"], "parameters.instructions")
        .map { try Check.text($0, "parameters.instructions") })
  }
}

extension JobParameters {
  /// What a job of many questions is called where one question would stand.
  fileprivate var many: String? { questions.map { "\($0.count) questions" } }
}
