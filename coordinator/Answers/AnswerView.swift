import Foundation
import Jobs
import Results
import Schemas

/// A response with what its job has come to, as both APIs show it.
struct AnswerView: Sendable {
  let response: StoredResponse
  let status: JobStatus
  /// nil until the job is completed.
  let record: ResultRecord?

  /// - Throws: `APIError` where the tenant has no such response; `PostgresError`
  static func load(_ id: String, _ session: TenantSession) throws -> AnswerView {
    guard let found = try find(id, session) else { throw APIError.notFound("response", id) }
    return found
  }

  /// - Returns: nil where the tenant has no such response.
  static func find(_ id: String, _ session: TenantSession) throws -> AnswerView? {
    guard let response = try session.response(id),
      let status = try session.submitter.statuses(of: [response.job]).first
    else { return nil }
    let record = status.state == .completed ? try session.submitter.result(response.job) : nil
    return AnswerView(response: response, status: status, record: record)
  }

  var request: JSON { (try? JSON.parsed(Data(response.request.utf8))) ?? .object([:]) }

  /// As OpenAI names it.
  var state: String {
    if response.isCancelled { return "cancelled" }
    switch status.state {
    case .scheduled, .available, .paused: return "queued"
    case .running: return "in_progress"
    case .completed: return isCut ? "incomplete" : "completed"
    case .failed: return "failed"
    case .cancelled: return "cancelled"
    }
  }

  /// True where the answer had as many tokens as it may have.
  var isCut: Bool { record?.reading.isCut == true && !isStopped }

  private var stops: [String] { request["stop"].array?.compactMap(\.string) ?? [] }

  private var isStopped: Bool { record.map { Self.cut($0.answer, stops) != $0.answer } ?? false }

  /// What is shown of the answer: up to where the request wants it to stop.
  var text: String { calls.isEmpty ? record.map { Self.cut($0.answer, stops) } ?? "" : "" }

  /// Calls that stand for an answer.
  var calls: [ToolCall] { record?.calls ?? [] }

  /// By which a client names what came of a call.
  func callID(_ index: Int) -> String {
    "call_" + response.id.drop { $0 != "_" && $0 != "-" }.dropFirst() + "_\(index)"
  }

  static func cut(_ text: String, _ stops: [String]) -> String {
    let ends = stops.compactMap { text.range(of: $0, options: .literal)?.lowerBound }
    return ends.min().map { String(text[..<$0]) } ?? text
  }

  /// What of a text that is being written will surely stay: of a stop's beginning nobody knows.
  func stable(_ written: String) -> String {
    let longest = stops.map(\.unicodeScalars.count).max() ?? 0
    let shown = Self.cut(written, stops)
    guard shown == written, longest > 1 else { return shown }
    return String(String.UnicodeScalarView(written.unicodeScalars.dropLast(longest - 1)))
  }

  // MARK: Figures

  struct Usage {
    let input: Int
    let cached: Int
    let output: Int
    let reasoning: Int
  }

  /// What was read, and what of that was known from before.
  var usage: Usage? {
    guard let figures = record?.reading else { return nil }
    let cached = figures.reusedTokens ?? 0
    return Usage(
      input: figures.tokensRead + cached, cached: cached, output: figures.generatedTokens,
      reasoning: figures.reasoningTokens ?? 0)
  }

  /// What only this service tells.
  var own: JSON {
    var members: [String: JSON] = [
      "job": .integer(status.id), "state": .string(status.state.rawValue),
    ]
    guard let record else {
      members["tokens_read"] = JSON(status.tokensRead)
      members["document_tokens"] = JSON(status.documentTokens)
      return .object(members)
    }
    members["supported"] = .bool(record.supported)
    if let fields = record.fields { members["fields"] = try? JSON(encoding: fields) }
    members["uncertain"] = .bool(record.uncertain ?? false)
    members["answered_from"] = JSON(record.answeredFrom)
    members["document_tokens"] = .integer(record.document.tokens)
    members["evidence"] = (try? JSON(encoding: record.evidence)) ?? .array([])
    let notes = (record.notes ?? []) + (record.reading.notes ?? [])
    if !notes.isEmpty { members["notes"] = .array(notes.map(JSON.string)) }
    return .object(members)
  }

  /// The files that the answer's quotes stand in.
  var citations: JSON {
    let files = request["files"].array ?? []
    let quotes = record?.evidence ?? []
    return .array(
      quotes.compactMap { quote in
        let index = files.firstIndex { $0["name"].string == quote.path } ?? 0
        guard files.indices.contains(index), record?.supported == true else { return nil }
        return [
          "type": "file_citation", "file_id": files[index]["id"], "filename": files[index]["name"],
          "index": .integer(index), "start": .integer(quote.start), "end": .integer(quote.end),
          "quote": .string(quote.quote), "page": JSON(quote.page), "chapter": JSON(quote.chapter),
        ]
      })
  }
}
