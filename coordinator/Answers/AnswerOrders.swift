import Documents
import Foundation
import HTTPTypes
import Jobs
import Results
import Schemas

/// Turns what is asked into a job.
struct AnswerOrders: Sendable {
  /// Of a file that came within a request.
  private static let inlineSeconds = 86_400
  /// Of an answer without a bound, in tokens.
  static let usualChatTokens = 512

  let pool: DatabasePool
  let limits: ServiceLimits
  let files: FileRoutes

  /// A job with what its answer's rendering needs.
  struct Ordered: Sendable {
    let response: String
    let job: Int
  }

  /// What is read for a request.
  private enum Source: Sendable {
    case message
    case document(FileDocument)
    case documents([(id: String, name: String)], notes: [String])
    case previous(String)
  }

  /// - Parameters:
  ///   - prefix: of the response's id.
  ///   - id: of the response; nil draws one.
  ///   - priority: added to what the request says.
  ///   - noting: done in the order's transaction: both happen, or neither.
  /// - Throws: `APIError`
  func order(
    _ asked: Asked, prefix: String, id: String? = nil, priority: Int = 0,
    traceparent: String? = nil, _ key: APIKey,
    noting: @escaping @Sendable (Ordered, TenantSession) throws -> Void = { _, _ in }
  ) async throws -> Ordered {
    let values = try await limits.current()
    guard values.models.contains(where: { $0.name == asked.model }) else {
      throw APIError(
        .notFound,
        "No worker has the model '\(asked.model.prefix(100))'; GET /v1/models lists those there are.",
        param: "model", code: "model_not_found")
    }
    let ids = try await stored(asked.files, key)
    let source = try await source(ids, asked, key.tenant)
    let response = id ?? RandomID.make(prefix)
    let request = Self.remembered(asked, ids).text
    return try await pool.run(for: key.tenant) { [limits] session in
      try limits.checkQueue(session, most: values.mostQueuedTokens)
      let (job, isNew) = try Self.submit(asked, source, priority + asked.own.priority, session)
      try session.join(job: job, isNew: isNew)
      if let traceparent, isNew { try session.trace(job: job, traceparent) }
      try session.add(response: response, job: job, previous: asked.previous, request: request)
      let ordered = Ordered(response: response, job: job)
      try noting(ordered, session)
      return ordered
    }
  }

  /// What a response tells of its request later.
  private static func remembered(_ asked: Asked, _ files: [(id: String, name: String)]) -> JSON {
    [
      "model": .string(asked.model), "instructions": JSON(asked.instructions),
      "max_tokens": JSON(asked.mostTokens), "temperature": JSON(asked.temperature),
      "top_p": JSON(asked.topP), "background": .bool(asked.background),
      "metadata": asked.metadata, "stop": .array(asked.stop.map(JSON.string)),
      "tools": asked.tools.flatMap { try? JSON.parsed(Data($0.text.utf8)) } ?? .array([]),
      "schema": asked.schema.flatMap { try? JSON.parsed(Data($0.tree.text.utf8)) } ?? .null,
      "files": .array(files.map { ["id": .string($0.id), "name": .string($0.name)] }),
    ]
  }

  private func stored(
    _ given: [Asked.File], _ key: APIKey
  ) async throws -> [(id: String, name: String)] {
    var ids: [(id: String, name: String)] = []
    for file in given {
      switch file {
      case .stored(let id):
        guard let found = try await pool.run(for: key.tenant, { try $0.file(id) }) else {
          throw APIError.notFound("file", id)
        }
        ids.append((id, found.filename))
      case .inline(let name, let bytes):
        let taken = try await files.intake.take(bytes, filename: name, key)
        let made = try await files.store(
          [taken.blob], filename: name, purpose: "user_data", bytes: taken.bytes,
          sha256: taken.sha256, expiry: Self.inlineSeconds, key)
        ids.append((made.id, name))
      }
    }
    return ids
  }

  private func source(
    _ ids: [(id: String, name: String)], _ asked: Asked, _ tenant: String
  ) async throws -> Source {
    if ids.isEmpty { return asked.previous.map(Source.previous) ?? .message }
    var documents: [FileDocument] = []
    for (id, _) in ids {
      documents.append(try await files.documents.document(ofFile: id, tenant))
    }
    return documents.count == 1
      ? .document(documents[0]) : .documents(ids, notes: documents.flatMap(\.notes))
  }

  private static func submit(
    _ asked: Asked, _ source: Source, _ priority: Int, _ session: TenantSession
  ) throws -> (id: Int, created: Bool) {
    var parameters = parameters(asked)
    switch source {
    case .message:
      parameters.mostAnswerTokens = parameters.mostAnswerTokens ?? usualChatTokens
      return try session.submitter.submit(
        JobOrder(
          Document(name: "message", text: asked.message), .chat, model: asked.model,
          parameters: parameters, priority: priority))
    case .document(let document):
      if !document.notes.isEmpty { parameters.documentNotes = document.notes }
      return try ask(document.name, document.sha256, asked, parameters, priority, session)
    case .documents(let ids, let notes):
      if !notes.isEmpty { parameters.documentNotes = notes }
      let parts = try ids.map { id, name in
        guard let document = try session.text(ofFile: id) else {
          throw APIError.notFound("file", id)
        }
        return (path: name, document: document)
      }
      let joined = try DocumentLoader.joined(
        parts, name: "\(ids[0].name) and \(ids.count - 1) more")
      return try session.submitter.submit(
        JobOrder(
          joined, asked.task, question: asked.message, model: asked.model, parameters: parameters,
          priority: priority))
    case .previous(let id): return try goOn(from: id, asked, parameters, priority, session)
    }
  }

  private static func parameters(_ asked: Asked) -> JobParameters {
    var parameters = JobParameters(
      from: asked.own.from, focused: asked.own.focused, mostAnswerTokens: asked.mostTokens,
      thinkTokens: asked.thinkTokens, beyondContext: asked.own.beyondContext, keep: asked.own.keep,
      turns: asked.turns.isEmpty ? nil : asked.turns, instructions: asked.instructions,
      schema: asked.schema.map { EmbeddedJSON($0.tree.text) },
      tools: asked.tools.map { EmbeddedJSON($0.text) },
      toolChoice: asked.tools.flatMap(AskedShape.choice),
      parallelCalls: asked.tools?.mostCalls == 1 ? false : nil,
      effort: asked.own.effort)
    // A file was uploaded to be asked about: it is read once.
    if !asked.files.isEmpty { parameters.keep = parameters.keep ?? true }
    if asked.task == .chat { sample(&parameters, asked) }
    return parameters
  }

  /// How a conversation's tokens are drawn.
  private static func sample(_ parameters: inout JobParameters, _ asked: Asked) {
    guard let temperature = asked.temperature, temperature > 0 else { return }
    parameters.temperature = temperature
    parameters.topP = asked.topP
    parameters.seed = asked.seed
  }

  private static func ask(
    _ name: String, _ sha256: String, _ asked: Asked, _ parameters: JobParameters, _ priority: Int,
    _ session: TenantSession
  ) throws -> (id: Int, created: Bool) {
    let job = try session.submitter.submit(
      documentNamed: name, sha256: sha256, asked.task, question: asked.message, model: asked.model,
      parameters: parameters, priority: priority)
    guard let job else {
      throw APIError(.notFound, "The document was deleted meanwhile.", code: "not_found")
    }
    return job
  }

  /// A question that follows a response: about the same document, with what was said.
  private static func goOn(
    from id: String, _ asked: Asked, _ given: JobParameters, _ priority: Int,
    _ session: TenantSession
  ) throws -> (id: Int, created: Bool) {
    guard let before = try session.response(id) else { throw APIError.notFound("response", id) }
    let status = try session.submitter.status(before.job)
    guard status.state == .completed else {
      throw APIError(
        .badRequest, "The response '\(id)' is not completed, but \(status.state.rawValue).",
        param: "previous_response_id", code: "previous_response_not_completed")
    }
    let record = try session.submitter.result(before.job)
    let earlier = try session.submitter.parameters(before.job)
    var parameters = given
    let isChat = status.task == JobTask.chat.rawValue
    let question =
      isChat ? try session.submitter.documentText(before.job) : status.question ?? "Summarize it."
    let said = AnsweredQuestion(question: question, answer: record.answer)
    parameters.turns = (earlier.turns ?? []) + [said] + (given.turns ?? [])
    if isChat {
      sample(&parameters, asked)
      parameters.mostAnswerTokens = parameters.mostAnswerTokens ?? usualChatTokens
      return try session.submitter.submit(
        JobOrder(
          Document(name: "message", text: asked.message), .chat, model: asked.model,
          parameters: parameters, priority: priority))
    }
    parameters.documentNotes = earlier.documentNotes
    return try ask(
      status.document, status.documentSHA256, asked, parameters, priority, session)
  }
}
