import HTTPTypes
import Hummingbird
import Jobs
import Logging
import NIOHTTP1
import Synchronization

/// What every request goes through: it gets an id, and what goes wrong becomes an answer.
struct RequestGuard: RouterMiddleware {
  let log: RequestLog
  /// True: what brings no trace gets one.
  let isTracing: Bool

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    var context = context
    context.requestID = Self.id(request.header("x-request-id"))
    context.traceparent = trace(request)
    context.logger[metadataKey: "request"] = "\(context.requestID)"
    if let trace = context.traceparent?.split(separator: "-").dropFirst().first {
      context.logger[metadataKey: "trace"] = "\(trace)"
    }
    let begun = ContinuousClock.now
    var response: Response
    do {
      response = try await next(request, context)
    } catch let error as HTTPError {
      response = .error(Self.translated(error, request))
    } catch let error as HTTPParserError {
      // The client broke off: there is nobody to answer.
      throw error
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      let known = APIError(error)
      if known == .internal {
        context.logger.error(
          "request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      }
      response = .error(known)
    }
    if let name = HTTPField.Name("x-request-id") { response.headers[name] = context.requestID }
    if let name = HTTPField.Name("x-content-type-options") { response.headers[name] = "nosniff" }
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    log.note(request, context, response, .now - begun)
    return response
  }

  /// A client's trace, if it is one (W3C Trace Context, section 3.2).
  private func trace(_ request: Request) -> String? {
    let given = request.header("traceparent") ?? ""
    let isSound = given.wholeMatch(of: #/00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/#) != nil
    return isSound ? given : isTracing ? TraceExport.newParent() : nil
  }

  /// A client's own name for a request, if it is a plain one.
  private static func id(_ given: String?) -> String {
    let isPlain = given.map { name in
      (1...100).contains(name.utf8.count)
        && name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
    return isPlain == true ? given ?? "" : RandomID.make("req_")
  }

  private static func translated(_ error: HTTPError, _ request: Request) -> APIError {
    switch error.status {
    case .notFound:
      APIError(
        .notFound, "There is no \(request.method.rawValue) \(request.uri.path.prefix(200)).",
        code: "unknown_url")
    case .methodNotAllowed:
      APIError(.methodNotAllowed, "The method is not allowed here.", code: "method_not_allowed")
    default: APIError(error.status, error.body ?? "\(error.status.reasonPhrase).")
    }
  }
}

/// Lines of the log about requests, and their numbers for the metrics.
struct RequestLog: Sendable {
  let metrics: ServiceMetrics

  func note(
    _ request: Request, _ context: ServiceContext, _ response: Response, _ took: Duration
  ) {
    let route = context.endpointPath ?? "none"
    metrics.count(
      request: request.method.rawValue, route: route, status: response.status.code,
      seconds: took / .seconds(1))
    context.logger.info(
      "request",
      metadata: [
        "method": "\(request.method.rawValue)", "route": "\(route)",
        "status": "\(response.status.code)", "seconds": "\(took / .seconds(1))",
        "key": "\(context.key?.id ?? "none")", "peer": "\(context.peer ?? "unknown")",
      ])
  }
}

/// Lets in who has a key of the right scope.
struct KeyGuard: RouterMiddleware {
  let keys: KeyRing
  let limits: ServiceLimits

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    guard let given = Self.key(request), let key = try await keys.find(given),
      key.name != SignIn.linkName
    else { throw APIError.unauthorized }
    let needed: APIKey.Scope = [.get, .head].contains(request.method) ? .read : .submit
    guard key.may(needed) else {
      throw APIError(
        .forbidden, "The key may not do this: it lacks the scope '\(needed.rawValue)'.",
        type: "permission_error", code: "insufficient_scope")
    }
    try await limits.count(key)
    var context = context
    context.key = key
    return try await next(request, context)
  }

  static func key(_ request: Request) -> String? {
    if let header = request.headers[.authorization] {
      let words = header.split(separator: " ", maxSplits: 1)
      guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
      return String(words[1])
    }
    return request.header("x-api-key")
  }
}

/// Keys that were found lately: a revoked one is let in for a moment more, and no longer.
final class KeyRing: Sendable {
  private static let life = 2.0
  private static let most = 10_000
  private static let longest = 200

  private let pool: DatabasePool
  private let known = Mutex<[String: (key: APIKey, at: ContinuousClock.Instant)]>([:])

  init(pool: DatabasePool) { self.pool = pool }

  /// - Returns: nil for a key that is not valid.
  func find(_ key: String) async throws -> APIKey? {
    guard key.utf8.count <= Self.longest, !key.utf8.contains(0) else { return nil }
    let recent = known.withLock { known in
      known[key].flatMap { (ContinuousClock.now - $0.at) / .seconds(1) < Self.life ? $0.key : nil }
    }
    if let recent { return recent }
    let found = try await pool.run { try $0.keys.find(key) }
    known.withLock { known in
      if known.count >= Self.most { known.removeAll() }
      known[key] = found.map { ($0, .now) }
    }
    return found
  }
}
