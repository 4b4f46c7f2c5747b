import HTTPTypes
import Hummingbird
import Jobs
import NIOCore

/// What is known of a request besides what it says.
struct ServiceContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// Whose key came with it; nil before that was looked at, and for what needs none.
  var key: APIKey?
  /// Where it came from, for the log.
  let peer: String?
  /// By which logs and clients name the request.
  var requestID = ""
  /// The trace that it belongs to, in the form of W3C's Trace Context.
  var traceparent: String?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    peer = source.channel.remoteAddress?.ipAddress
  }

  /// - Throws: `APIError` where there is no key.
  func caller() throws -> APIKey {
    guard let key else { throw APIError.unauthorized }
    return key
  }

  /// A part of the path by the name that its route has for it.
  func path(_ name: String) -> String { parameters.get(name) ?? "" }
}

extension Response {
  /// - Parameter status: 200 where nothing else is said.
  static func json(_ value: JSON, status: HTTPResponse.Status = .ok) -> Response {
    let text = value.text
    return Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  static func json(encoding value: some Encodable) throws -> Response {
    .json(try JSON(encoding: value))
  }

  static func error(_ error: APIError) -> Response {
    var response = Response.json(error.json, status: error.status)
    if let seconds = error.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
    if error.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
    if let isWorth = error.isWorthRetrying, let name = HTTPField.Name("x-should-retry") {
      response.headers[name] = "\(isWorth)"
    }
    return response
  }
}

/// Refuses bodies that come drop by drop, which would hold a connection for ever.
struct Pace {
  private static let patience = 30.0
  private static let bytesPerSecond = 1024.0

  private let begun = ContinuousClock.now
  private var bytes = 0

  /// - Throws: `APIError` where the client is too slow.
  mutating func take(_ count: Int) throws {
    bytes += count
    let seconds = (ContinuousClock.now - begun) / .seconds(1)
    guard seconds > Self.patience, Double(bytes) < seconds * Self.bytesPerSecond else { return }
    throw APIError(.requestTimeout, "The body comes too slowly.", code: "too_slow")
  }
}

extension Request {
  /// A header by a name that is none of the well-known ones.
  func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

  /// A body of JSON.
  /// - Throws: `APIError` where it is larger, or none.
  func json(most: Int) async throws -> JSON {
    let bytes = try await bytes(most: most)
    guard bytes.readableBytes > 0 else {
      throw APIError.badRequest("The request has no body; JSON is expected.")
    }
    return try JSON.parsed(bytes.readableBytesView)
  }

  /// - Throws: `APIError` where it is larger.
  func bytes(most: Int) async throws -> ByteBuffer {
    let told = headers[.contentLength].flatMap(Int.init) ?? 0
    guard told <= most else { throw Self.tooLarge(most) }
    var all = ByteBuffer()
    var pace = Pace()
    for try await part in body {
      try pace.take(part.readableBytes)
      guard all.readableBytes + part.readableBytes <= most else { throw Self.tooLarge(most) }
      all.writeImmutableBuffer(part)
    }
    return all
  }

  private static func tooLarge(_ most: Int) -> APIError {
    .tooLarge("The body is larger than \(most) bytes; upload what is long as a file.")
  }

  /// A value of the query.
  func query(_ name: String) -> String? { uri.queryParameters[name[...]].map(String.init) }

  /// A whole number of the query.
  /// - Throws: `APIError` where it is none, or not within the limits.
  func number(_ name: String, _ limits: ClosedRange<Int>, default usual: Int) throws -> Int {
    guard let text = query(name) else { return usual }
    guard let number = Int(text), limits.contains(number) else {
      throw APIError.badRequest(
        "'\(name)' must be a whole number from \(limits.lowerBound) to \(limits.upperBound).",
        param: name)
    }
    return number
  }
}

/// A page of a list, as OpenAI's clients go through it.
enum Page {
  /// - Parameter all: one more than `limit` where there are more.
  static func json(_ all: [JSON], limit: Int) -> JSON {
    let shown = Array(all.prefix(limit))
    return [
      "object": "list", "data": .array(shown), "has_more": .bool(all.count > limit),
      "first_id": shown.first?["id"] ?? .null, "last_id": shown.last?["id"] ?? .null,
    ]
  }
}
