import Answering
import Jobs
import Reading
import Retrieval
import Schemas

/// What a job's order asks for, as answering understands it.
struct JobWishes {
  let job: ClaimedJob

  /// - Throws: `JobError`, `SchemaError` for what cannot be done.
  func task() throws -> ReadingTask {
    switch try job.task() {
    case .ask: .ask(Question(job.question ?? ""))
    case .chat: .chat
    case .extract:
      .extract(try schema(), about: job.question.map(Question.init))
    case .summarize: .summarize(focus: job.question.map(Question.init))
    }
  }

  /// What the schema asks for cannot be had where it is none: said before anything is read.
  private func schema() throws -> JSONSchema {
    guard let given = try job.parameters().schema else {
      throw JobError.impossibleParameter(
        name: "schema", value: "none", allowed: "a JSON Schema with the task extract")
    }
    return try JSONSchema(text: given.text)
  }

  /// What belongs to another task is not passed over in silence.
  private func checkTask(_ parameters: JobParameters) throws {
    let task = try job.task()
    let rules: [(name: String, isGiven: Bool, tasks: [JobTask])] = [
      ("schema", parameters.schema != nil, [.extract, .chat]),
      ("each", parameters.each != nil, [.extract]),
      ("tools", parameters.tools != nil, [.ask, .chat]),
      ("effort", parameters.effort != nil, [.ask]),
    ]
    for rule in rules where rule.isGiven && !rule.tasks.contains(task) {
      throw JobError.impossibleParameter(
        name: rule.name, value: "with the task \(task.rawValue)",
        allowed: rule.tasks.map(\.rawValue).joined(separator: " or "))
    }
  }

  func options() throws -> AnswerOptions {
    let parameters = try job.parameters()
    try checkTask(parameters)
    var options = AnswerOptions()
    if let name = parameters.from {
      guard let route = AnswerRoute(rawValue: name) else {
        throw JobError.impossibleParameter(
          name: "from", value: name,
          allowed: AnswerRoute.allCases.map(\.rawValue).joined(separator: ", "))
      }
      options.route = route
    }

    if try job.task() == .extract { options.mostTokens = Answerer.usualExtractionTokens }
    if let most = parameters.mostAnswerTokens {
      guard AnswerOptions.tokenLimits.contains(most) else {
        throw JobError.impossibleParameter(
          name: "max_answer_tokens", value: "\(most)", allowed: "\(AnswerOptions.tokenLimits)")
      }
      options.mostTokens = most
    }

    if let most = parameters.thinkTokens {
      guard AnswerOptions.thinkLimits.contains(most) else {
        throw JobError.impossibleParameter(
          name: "think_tokens", value: "\(most)", allowed: "\(AnswerOptions.thinkLimits)")
      }
      options.thinkTokens = most
    }

    if let tools = parameters.tools { options.tools = try Self.tools(tools, parameters) }
    if try job.task() == .chat {
      options.schema = try parameters.schema.map { try JSONSchema(text: $0.text) }
    }
    if parameters.mostAnswerTokens == nil, options.tools != nil {
      options.mostTokens = max(options.mostTokens, Answerer.usualCallTokens)
    }
    if let name = parameters.each {
      guard let kind = TextParts.Kind(rawValue: name) else {
        throw JobError.impossibleParameter(
          name: "each", value: name,
          allowed: TextParts.Kind.allCases.map(\.rawValue).joined(separator: ", "))
      }
      options.each = kind
    }
    if let count = parameters.effort {
      guard AnswerOptions.effortLimits.contains(count) else {
        throw JobError.impossibleParameter(
          name: "effort", value: "\(count)", allowed: "\(AnswerOptions.effortLimits)")
      }
      options.effort = count
    }
    options.turns = (parameters.turns ?? []).map { Turn(question: $0.question, answer: $0.answer) }
    options.instructions = parameters.instructions
    options.temperature = parameters.temperature ?? 0
    options.topP = parameters.topP ?? 1
    options.seed = parameters.seed.map { UInt64(bitPattern: Int64($0)) } ?? 0
    options.isFocused = parameters.focused ?? false
    options.goesBeyondContext = parameters.beyondContext ?? false
    if options.tools != nil, parameters.questions != nil {
      throw JobError.impossibleParameter(
        name: "tools", value: "given", allowed: "none with many questions")
    }
    if options.isFocused, parameters.questions != nil {
      throw JobError.impossibleParameter(
        name: "focused", value: "true", allowed: "false with many questions")
    }
    return options
  }

  private static func tools(_ given: EmbeddedJSON, _ parameters: JobParameters) throws -> ToolSet? {
    let choice = try parameters.toolChoice.map { text in
      (try? JSONTree(parsing: text.text)) ?? .string(text.text)
    }
    var tools = try ToolSet(text: given.text).choosing(choice)
    if parameters.parallelCalls == false { tools?.mostCalls = 1 }
    return tools
  }
}
