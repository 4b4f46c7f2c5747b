import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import NIOCore

/// Pages for people, made here; they work without scripts.
struct Dashboard: Sendable {
  static let mostForm = 1 << 16

  let pool: DatabasePool
  let pages: Pages
  let signIn: SignIn
  let limits: ServiceLimits

  private static let assets: [(path: String, type: String, bytes: [UInt8])] = [
    ("style.css", "text/css; charset=utf-8", PackageResources.style_css),
    ("live.js", "text/javascript; charset=utf-8", PackageResources.live_js),
    ("icon.svg", "image/svg+xml", PackageResources.icon_svg),
  ]

  /// A page or a step for whoever is signed in.
  typealias Handler =
    @Sendable (Request, ServiceContext, SignIn.Session) async throws -> Response

  func addAssets(to router: Router<ServiceContext>) {
    for asset in Self.assets {
      router.get("assets/\(RouterPath(asset.path))") { _, _ in
        Response(
          status: .ok, headers: [.contentType: asset.type, .cacheControl: "max-age=3600"],
          body: .init(byteBuffer: ByteBuffer(bytes: asset.bytes)))
      }
    }
  }

  /// - Parameter scope: that the key needs.
  func get(
    _ path: RouterPath, on router: Router<ServiceContext>, scope: APIKey.Scope = .read,
    _ handler: @escaping Handler
  ) {
    router.get(path) { request, context in
      guard let session = try await signIn.session(request) else {
        let wanted =
          request.uri.string.addingPercentEncoding(
            withAllowedCharacters: .alphanumerics) ?? "%2F"
        return Pages.redirect("/login?next=" + wanted)
      }
      return await shown(session) {
        try await limits.count(session.key)
        try Self.check(scope, session)
        return try await handler(request, context, session)
      }
    }
  }

  /// A step that a plain form asks for; its fields are checked before.
  func post(
    _ path: RouterPath, on router: Router<ServiceContext>, scope: APIKey.Scope = .submit,
    _ handler:
      @escaping @Sendable ([String: String], ServiceContext, SignIn.Session) async throws
      -> Response
  ) {
    router.post(path) { request, context in
      let session = try await signIn.session(request)
      return await shown(session) {
        guard let session else { throw APIError.unauthorized }
        try await limits.count(session.key)
        let fields = try await Form.fields(request, most: Self.mostForm)
        try SignIn.check(request, fields, session)
        try Self.check(scope, session)
        return try await handler(fields, context, session)
      }
    }
  }

  static func check(_ scope: APIKey.Scope, _ session: SignIn.Session) throws {
    guard session.key.may(scope) else {
      throw APIError(
        .forbidden, "Your key may not do this: it lacks the scope '\(scope.rawValue)'.",
        type: "permission_error", code: "insufficient_scope")
    }
  }

  /// What goes wrong is a page, too.
  func shown(
    _ session: SignIn.Session?, _ body: () async throws -> Response
  ) async -> Response {
    do {
      return try await body()
    } catch {
      let known = APIError(error)
      var response = pages.response(
        "problem", .init(session?.key, csrf: session?.csrf ?? ""),
        ["heading": known.status.reasonPhrase, "problem": known.message], status: known.status)
      if let seconds = known.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
      return response
    }
  }
}
