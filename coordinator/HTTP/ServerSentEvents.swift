import HTTPTypes
import Hummingbird
import NIOCore

/// Events to a client while they happen (HTML standard, section 9.2).
struct ServerSentEvents {
  private var writer: any ResponseBodyWriter

  /// A response whose body writes events until it returns.
  static func response(
    _ body: @escaping @Sendable (inout ServerSentEvents) async throws -> Void
  ) -> Response {
    var headers: HTTPFields = [
      .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
    ]
    // A proxy would collect what is meant to be seen now.
    if let name = HTTPField.Name("x-accel-buffering") { headers[name] = "no" }
    return Response(
      status: .ok, headers: headers,
      body: .init { writer in
        var events = ServerSentEvents(writer: writer)
        try await body(&events)
        try await events.writer.finish(nil)
      })
  }

  /// - Parameters:
  ///   - name: of the event; nil for a message.
  ///   - id: what a client that comes again says it had last.
  mutating func send(_ data: String, name: String? = nil, id: String? = nil) async throws {
    var text = ""
    if let name { text += "event: \(name)\n" }
    if let id { text += "id: \(id)\n" }
    for line in data.split(separator: "\n", omittingEmptySubsequences: false) {
      text += "data: \(line)\n"
    }
    try await writer.write(ByteBuffer(string: text + "\n"))
  }

  mutating func send(_ data: JSON, name: String? = nil, id: String? = nil) async throws {
    try await send(data.text, name: name, id: id)
  }

  /// Keeps proxies from ending a connection on which nothing happens.
  mutating func ping() async throws { try await comment("ping") }

  /// What people see who look, and programs pass over.
  mutating func comment(_ text: String) async throws {
    try await writer.write(ByteBuffer(string: ": \(text)\n\n"))
  }
}
