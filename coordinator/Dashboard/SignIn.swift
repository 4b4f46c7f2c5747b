import Digests
import Foundation
import HTTPTypes
import Hummingbird
import Jobs

/// How a browser gets in: by a key that stands in a cookie.
struct SignIn: Sendable {
  /// Keys of this name let in once, and are exchanged for another.
  static let linkName = "sign-in link"
  static let linkSeconds = 3600
  private static let sessionName = "browser"
  private static let sessionSeconds = 30 * 86_400
  private static let cookie = "docproc_key"
  private static let mostForm = 1 << 16

  let pool: DatabasePool
  let keys: KeyRing
  let limits: ServiceLimits
  let pages: Pages
  /// True where the cookie may travel by TLS alone.
  let isSecure: Bool

  /// Who is signed in.
  struct Session: Sendable {
    let key: APIKey
    /// What forms have to bring: nobody else's page can know it.
    let csrf: String
  }

  func add(to router: Router<ServiceContext>) {
    router.get("login") { request, _ in try await show(request) }
    router.post("login") { request, _ in try await enter(request) }
    router.post("logout") { request, _ in try await leave(request) }
  }

  /// - Returns: nil where nobody is signed in.
  func session(_ request: Request) async throws -> Session? {
    guard let secret = request.cookies[Self.cookie]?.value,
      let key = try await keys.find(secret), key.name != Self.linkName
    else { return nil }
    return Session(key: key, csrf: Self.csrf(secret))
  }

  private static func csrf(_ secret: String) -> String { SHA256.hex(of: "csrf " + secret) }

  /// - Throws: `APIError` where a form did not come from a page of ours.
  static func check(_ request: Request, _ fields: [String: String], _ session: Session) throws {
    try checkOrigin(request)
    guard fields["csrf"] == session.csrf else {
      throw APIError(.forbidden, "The form is too old; open the page again.", code: "csrf")
    }
  }

  private static func checkOrigin(_ request: Request) throws {
    let site = request.header("sec-fetch-site")
    let host = request.head.authority ?? request.header("host") ?? ""
    let origin = request.headers[.origin].flatMap { URLComponents(string: $0) }
    let isForeign = origin.map { origin in
      let port = origin.port.map { ":\($0)" } ?? ""
      return (origin.host ?? "") + port != host
    }
    guard isForeign != true, site == nil || site == "same-origin" || site == "none" else {
      throw APIError(.forbidden, "The form came from another site.", code: "csrf")
    }
  }

  private func show(_ request: Request) async throws -> Response {
    pages.response(
      "login", .init(nil),
      [
        "next": Self.local(request.query("next")), "link": request.query("key") ?? "",
        "problem": "",
      ])
  }

  /// A path of ours, and nobody else's.
  private static func local(_ path: String?) -> String {
    guard let path, path.hasPrefix("/"), !path.hasPrefix("//"), !path.contains("\\"),
      path.unicodeScalars.allSatisfy({ (0x21...0x7E).contains($0.value) })
    else { return "/" }
    return path
  }

  private func enter(_ request: Request) async throws -> Response {
    try Self.checkOrigin(request)
    let fields = try await Form.fields(request, most: Self.mostForm)
    let given = (fields["key"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    let next = Self.local(fields["next"])
    guard let key = try await keys.find(given) else {
      return pages.response(
        "login", .init(nil), ["next": next, "link": "", "problem": "The key is not valid."],
        status: .unauthorized)
    }
    try await limits.count(key)
    guard let secret = try? await secret(for: key, given) else {
      return pages.response(
        "login", .init(nil), ["next": next, "problem": "The key is not valid."],
        status: .unauthorized)
    }
    var response = Pages.redirect(next)
    response.setCookie(cookie(secret, seconds: Self.sessionSeconds))
    return response
  }

  /// A key that lets in once is exchanged for one that stays.
  private func secret(for key: APIKey, _ given: String) async throws -> String {
    guard key.name == Self.linkName else { return given }
    return try await pool.run(for: key.tenant) { session in
      guard try session.database.keys.revokeOnce(key.id) else { throw APIError.unauthorized }
      return try session.database.keys.create(
        scopes: key.scopes, name: Self.sessionName, expiresAfterSeconds: Self.sessionSeconds
      ).key
    }
  }

  private func cookie(_ value: String, seconds: Int) -> Cookie {
    Cookie(
      name: Self.cookie, value: value, maxAge: seconds, path: "/", secure: isSecure,
      httpOnly: true, sameSite: .strict)
  }

  private func leave(_ request: Request) async throws -> Response {
    if let session = try await session(request) {
      let fields = try await Form.fields(request, most: Self.mostForm)
      try Self.check(request, fields, session)
      if session.key.name == Self.sessionName {
        try await pool.run(for: session.key.tenant) {
          try $0.database.keys.revoke(session.key.id)
        }
      }
    }
    var response = Pages.redirect("/login")
    response.setCookie(cookie("", seconds: 0))
    return response
  }
}

/// A form's fields.
enum Form {
  /// - Throws: `APIError` where the form is larger.
  static func fields(_ request: Request, most: Int) async throws -> [String: String] {
    let bytes = try await request.bytes(most: most)
    var fields: [String: String] = [:]
    for pair in String(buffer: bytes).split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard halves.count == 2 else { continue }
      fields[decoded(halves[0])] = decoded(halves[1])
    }
    return fields
  }

  private static func decoded(_ text: Substring) -> String {
    let spaced = text.replacing("+", with: " ")
    return spaced.removingPercentEncoding?.filter { $0 != "\0" } ?? ""
  }
}
