import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import Rendering
import Results

/// One job: how far it is, what came of it, and what can be done about it.
struct JobPages: Sendable {
  private static let mostEvents = 200

  let dashboard: Dashboard
  let files: FileRoutes
  let orders: JobOrders
  let watch: JobWatch

  private var pool: DatabasePool { dashboard.pool }

  func add(to router: Router<ServiceContext>) {
    dashboard.get("jobs/{id}", on: router) { _, context, session in
      try await show(JobRoutes.id(context), session)
    }
    dashboard.get("jobs/{id}/live", on: router) { _, context, session in
      let id = try JobRoutes.id(context)
      _ = try await pool.run(for: session.key.tenant, asksOnce: true) {
        try $0.submitter.status(id)
      }
      return ServerSentEvents.response { [watch] events in
        try await Self.follow(id, session.key.tenant, watch, &events)
      }
    }
    dashboard.get("jobs/{id}/result", on: router) { _, context, session in
      try await result(JobRoutes.id(context), session)
    }
    for step in ["cancel", "pause", "resume", "retry"] {
      dashboard.post("jobs/{id}/\(RouterPath(step))", on: router) { _, context, session in
        let id = try JobRoutes.id(context)
        try await pool.run(for: session.key.tenant) { try JobRoutes.steer(step, id, $0) }
        return Pages.redirect("/jobs/\(id)")
      }
    }
    dashboard.post("jobs/{id}/delete", on: router) { _, context, session in
      let id = try JobRoutes.id(context)
      _ = try await pool.run(for: session.key.tenant) { try $0.operator.remove(id) }
      return Pages.redirect("/jobs")
    }
    dashboard.post("jobs/{id}/priority", on: router) { fields, context, session in
      try await prioritize(JobRoutes.id(context), fields, session)
    }
    dashboard.post("jobs/{id}/ask", on: router) { fields, context, session in
      try await ask(JobRoutes.id(context), fields, session)
    }
    router.post("jobs") { request, _ in try await submit(request) }
  }

  // MARK: Looking

  private func show(_ id: Int, _ session: SignIn.Session) async throws -> Response {
    let found = try await pool.run(for: session.key.tenant) { session in
      let status = try session.submitter.status(id)
      return (
        status: status,
        result: status.state == .completed ? try session.submitter.result(id) : nil,
        events: try session.events(of: id, limit: Self.mostEvents)
      )
    }
    let status = found.status
    var values: [String: Any] = [
      "id": id, "state": status.state.rawValue, "isOpen": !status.isFinal,
      "phase": status.phase ?? "", "error": status.error ?? "", "written": status.written ?? "",
      "hasResult": found.result != nil, "answer": found.result?.answer ?? "",
      "heading": status.task == JobTask.summarize.rawValue ? "Summary" : "Answer",
      "facts": Self.facts(status).map { ["name": $0.0, "value": $0.1] },
      "actions": Self.actions(status), "maySubmit": session.key.may(.submit),
      "isWaiting": [.available, .scheduled, .paused].contains(status.state),
      "priority": status.priority,
      "events": found.events.map { ["at": $0.at, "kind": $0.kind, "detail": $0.detail ?? ""] },
    ]
    if !status.isFinal, let percent = status.percent { values["percent"] = percent.formatted() }
    if status.state == .running, let speed = status.tokensPerSecond {
      values["speed"] = Shown.count(Int(speed.rounded()))
    }
    if let eta = status.etaSeconds { values["eta"] = Shown.duration(eta) }
    return dashboard.pages.response(
      "job", .init(session.key, csrf: session.csrf, path: "/jobs"), values)
  }

  private static func facts(_ job: JobStatus) -> [(String, String)] {
    let tokens = job.documentTokens.map { " · \(Shown.count($0)) tokens" } ?? ""
    let facts: [(String, String?)] = [
      ("Document", "\(job.document) · \(Shown.bytes(job.documentBytes))\(tokens)"),
      ("Question", job.question), ("Task", job.task), ("Model", job.model),
      ("Priority", "\(job.priority)"), ("Worker", job.worker), ("Attempts", "\(job.attempts)"),
      ("Ordered", job.createdAt), ("Begun", job.startedAt), ("Ended", job.finishedAt),
    ]
    return facts.compactMap { name, value in value.map { (name, $0) } }
  }

  private static func actions(_ job: JobStatus) -> [[String: Any]] {
    let steps: [(step: String, name: String, isHarsh: Bool)] =
      switch job.state {
      case .scheduled, .available, .running:
        [("pause", "Pause", false), ("cancel", "Cancel", true)]
      case .paused: [("resume", "Resume", false), ("cancel", "Cancel", true)]
      case .failed, .cancelled: [("retry", "Try again", false), ("delete", "Delete", true)]
      case .completed: [("delete", "Delete", true)]
      }
    return steps.map { ["step": $0.step, "name": $0.name, "isHarsh": $0.isHarsh] }
  }

  /// Says when the page is to be fetched anew.
  private static func follow(
    _ id: Int, _ tenant: String, _ watch: JobWatch, _ events: inout ServerSentEvents
  ) async throws {
    for await change in await watch.followWithTicks(id, tenant) {
      switch change {
      case .some(.status(let seen)) where !seen.status.isFinal: try await events.send("changed")
      case .some(.closing): return
      case .some: return try await events.send("over", name: "end")
      case nil: try await events.ping()
      }
    }
  }

  private func result(_ id: Int, _ session: SignIn.Session) async throws -> Response {
    let found = try await pool.run(for: session.key.tenant) { session in
      let record = try session.submitter.result(id)
      let document = try session.submitter.documentText(id)
      return (name: record.document.name, main: HTMLResult(record, document: document).main)
    }
    return dashboard.pages.response(
      "result", .init(session.key, csrf: session.csrf, path: "/jobs"),
      ["id": id, "document": found.name, "rendered": found.main])
  }

  // MARK: Steps

  private func prioritize(
    _ id: Int, _ fields: [String: String], _ session: SignIn.Session
  ) async throws -> Response {
    guard let priority = fields["priority"].flatMap({ Int32($0) }) else {
      throw APIError.badRequest("The priority must be a whole number.")
    }
    _ = try await pool.run(for: session.key.tenant) { session in
      try session.operator.prioritize(id, Int(priority))
    }
    return Pages.redirect("/jobs/\(id)")
  }

  private func ask(
    _ id: Int, _ fields: [String: String], _ session: SignIn.Session
  ) async throws -> Response {
    let question = (fields["question"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    guard !question.isEmpty else { throw APIError.badRequest("The question is empty.") }
    let most = try await dashboard.limits.current().mostQueuedTokens
    let job = try await pool.run(for: session.key.tenant) { [limits = dashboard.limits] session in
      try limits.checkQueue(session, most: most)
      return try session.submitter.ask(question, aboutJob: id)
    }
    return Pages.redirect("/jobs/\(job)")
  }

  /// A document with a task, from the form of the overview.
  private func submit(_ request: Request) async throws -> Response {
    let session = try await dashboard.signIn.session(request)
    return await dashboard.shown(session) {
      guard let session else { throw APIError.unauthorized }
      try await dashboard.limits.count(session.key)
      try Dashboard.check(.submit, session)
      let form = try await files.intake.form(request, file: "file", session.key)
      try SignIn.check(request, form.fields, session)
      guard let taken = form.file, taken.bytes > 0 else {
        throw APIError.badRequest("Choose a file that is not empty.")
      }
      let file = try await files.store(
        [taken.blob], filename: taken.filename, purpose: "user_data", bytes: taken.bytes,
        sha256: taken.sha256, expiry: nil, session.key)
      let question = form.fields["question"] ?? ""
      let isAsked = !question.allSatisfy(\.isWhitespace)
      let body: JSON = [
        "file_id": .string(file.id), "task": isAsked ? "ask" : "summarize",
        "question": isAsked ? .string(question) : nil, "model": JSON(form.fields["model"]),
      ]
      let job = try await orders.order(AskedBody(Array(body.text.utf8)), key: nil, session.key)
      return Pages.redirect("/jobs/\(job.id)")
    }
  }
}
