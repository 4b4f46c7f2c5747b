import Foundation
import Hummingbird
import Jobs

/// Documents and kept readings, workers, and keys.
struct FleetPages: Sendable {
  private static let mostFiles = 500

  let dashboard: Dashboard

  private var pool: DatabasePool { dashboard.pool }

  func add(to router: Router<ServiceContext>) {
    dashboard.get("documents", on: router) { _, _, session in try await documents(session) }
    dashboard.post("documents/{id}/delete", on: router) { _, context, session in
      let id = context.path("id")
      guard try await pool.run(for: session.key.tenant, { try $0.dropFile(id) }) else {
        throw APIError.notFound("file", id)
      }
      return Pages.redirect("/documents")
    }
    dashboard.post("readings/{id}/forget", on: router) { _, context, session in
      guard let id = Int(context.path("id")) else {
        throw APIError.notFound("reading", context.path("id"))
      }
      try await pool.run(for: session.key.tenant) { try $0.operator.forgetReading(id) }
      return Pages.redirect("/documents")
    }
    dashboard.get("workers", on: router) { _, _, session in try await workers(session) }
    dashboard.get("keys", on: router, scope: .admin) { _, _, session in
      try await keys(session, made: nil)
    }
    dashboard.post("keys", on: router, scope: .admin) { fields, _, session in
      try await make(fields, session)
    }
    dashboard.post("keys/{id}/revoke", on: router, scope: .admin) { _, context, session in
      let id = context.path("id")
      try await pool.run(for: session.key.tenant) { try $0.database.keys.revoke(id) }
      return Pages.redirect("/keys")
    }
  }

  private func documents(_ session: SignIn.Session) async throws -> Response {
    let found = try await pool.run(for: session.key.tenant) { session in
      (
        files: try session.files(
          limit: Self.mostFiles + 1, after: nil, purpose: nil, ascending: false),
        readings: try session.submitter.readings()
      )
    }
    let files = found.files.prefix(Self.mostFiles).map { file in
      [
        "id": file.id, "name": file.filename, "purpose": file.purpose,
        "size": Shown.bytes(file.bytes), "status": file.status.rawValue,
        "error": file.error ?? "", "since": Shown.time(file.createdAt),
      ]
    }
    let readings = found.readings.map { reading in
      [
        "id": "\(reading.id)", "document": reading.document, "model": reading.model,
        "tokens": Shown.count(reading.tokens), "size": Shown.bytes(reading.bytes),
        "asked": Shown.count(reading.asked), "saves": Shown.duration(Int(reading.seconds)),
      ]
    }
    return dashboard.pages.response(
      "documents", .init(session.key, csrf: session.csrf, path: "/documents"),
      [
        "files": Array(files), "hasFiles": !files.isEmpty,
        "more": found.files.count > Self.mostFiles, "readings": readings,
        "hasReadings": !readings.isEmpty, "maySubmit": session.key.may(.submit),
      ])
  }

  private func workers(_ session: SignIn.Session) async throws -> Response {
    let all = try await pool.run(for: session.key.tenant) { try $0.workers() }
    let isShown = session.key.may(.admin)
    let rows = all.enumerated().map { number, worker -> [String: Any] in
      [
        "name": isShown ? worker.name : "worker \(number + 1)", "host": isShown ? worker.host : "",
        "state": worker.isAlive ? "alive" : "dead", "job": worker.job.map(String.init) ?? "",
        "models": worker.models.joined(separator: ", "),
        "heartbeat": Shown.duration(worker.heartbeatSeconds) + " ago", "since": worker.startedAt,
      ]
    }
    return dashboard.pages.response(
      "workers", .init(session.key, csrf: session.csrf, path: "/workers"),
      ["workers": rows, "hasWorkers": !rows.isEmpty, "isHidden": !isShown && !rows.isEmpty])
  }

  private func keys(_ session: SignIn.Session, made: String?) async throws -> Response {
    let all = try await pool.run(for: session.key.tenant) { try $0.database.keys.list() }
    let rows = all.map { key -> [String: Any] in
      let state = key.revokedAt != nil ? "revoked" : key.expiresAt.map { "until \($0)" } ?? "valid"
      return [
        "id": key.id, "hint": key.hint, "name": key.name,
        "scopes": key.scopes.joined(separator: ", "), "state": state, "used": key.usedAt ?? "never",
        "isValid": key.revokedAt == nil,
      ]
    }
    return dashboard.pages.response(
      "keys", .init(session.key, csrf: session.csrf, path: "/keys"),
      ["keys": rows, "made": made ?? ""])
  }

  private func make(
    _ fields: [String: String], _ session: SignIn.Session
  ) async throws -> Response {
    let scopes = Set(APIKey.Scope.allCases.filter { fields[$0.rawValue] != nil })
    guard !scopes.isEmpty else { throw APIError.badRequest("Choose what the key may do.") }
    let days = (fields["days"] ?? "").isEmpty ? nil : fields["days"].flatMap { Int($0) } ?? -1
    guard days.map({ (1...36_500).contains($0) }) ?? true else {
      throw APIError.badRequest("The days must be a number from 1 to 36500.")
    }
    let name = String((fields["name"] ?? "").prefix(100))
    let made = try await pool.run(for: session.key.tenant) { session in
      try session.database.keys.create(
        scopes: scopes, name: name, expiresAfterSeconds: days.map { $0 * 86_400 })
    }
    return try await keys(session, made: made.key)
  }
}
