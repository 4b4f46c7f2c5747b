import Hummingbird
import Jobs
import NIOCore
import Postgres

/// What a cluster asks.
struct HealthRoutes: Sendable {
  let pool: DatabasePool

  func add(to router: Router<ServiceContext>) {
    // This process answers; what the database does is no reason to start it anew.
    router.get("healthz") { _, _ in Response.json(["status": "ok"]) }
    router.get("openapi.json") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "application/json"],
        body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json)))
    }
    router.get("readyz") { _, _ in try await ready() }
  }

  private func ready() async throws -> Response {
    do {
      try await pool.run { database in
        try database.checkSchema()
        _ = try database.connection.query("select 1")
      }
      return .json(["status": "ok"])
    } catch {
      return .json(
        ["status": "unavailable", "reason": .string(APIError(error).message)],
        status: .serviceUnavailable)
    }
  }
}
