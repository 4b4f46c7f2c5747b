import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Mustache
import Synchronization
import TestSupport
import Testing

@testable import docproc_coordinator

/// What the service answers to, and what its description says.
@Suite struct RouteTests {
  /// Notes routes instead of answering to them.
  private final class Recorder: RouterMethods, Sendable {
    typealias Context = ServiceContext
    let routes = Mutex<Set<String>>([])

    func on<Responder: HTTPResponder>(
      _ path: RouterPath, method: HTTPRequest.Method, responder: Responder
    ) -> Self where Responder.Context == Context {
      let name = "\(path)".replacing("**", with: "{id}")
      let route = "\(method.rawValue) /v1/" + name.drop { $0 == "/" }
      routes.withLock { _ = $0.insert(route) }
      return self
    }

    func add(middleware: any MiddlewareProtocol<Request, Response, Context>) -> Self { self }
  }

  private static func description() throws -> [String: Any] {
    let text = FileManager.default.contents(
      atPath: Repository.root + "/coordinator/OpenAPI/openapi.json")
    let json = try JSONSerialization.jsonObject(with: try #require(text))
    return try #require(json as? [String: Any])
  }

  @Test func theDescriptionHasAllRoutesAndNoOthers() throws {
    let service = try CoordinatorService(
      .init(database: "postgresql://127.0.0.1:1/none"), logger: Logger(label: "test"))
    let recorder = Recorder()
    service.addAPI(to: recorder)
    service.pool.close()
    let paths = try #require(try Self.description()["paths"] as? [String: [String: Any]])
    let described = Set(
      paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
    let served = recorder.routes.withLock { $0 }
    #expect(served.subtracting(described).isEmpty, "not described")
    #expect(described.subtracting(served).isEmpty, "not served")
    #expect(served.count > 30)
  }

  @Test func theDescriptionIsOfThisVersion() throws {
    let info = try #require(try Self.description()["info"] as? [String: Any])
    #expect(info["version"] as? String == "0.9.0")
  }

  /// A grapheme is not what a browser reads: a quote with an accent is still a quote.
  @Test func wordsOfStrangersAreText() throws {
    let library = try Pages.library()
    let hostile = "\"\u{301} onmouseover=\"x <b>'\u{202E}&"
    let page = try #require(
      library.render(
        ["problem": hostile, "heading": hostile, "page": Pages.Frame(nil)], withTemplate: "problem")
    )
    #expect(page.contains("&quot;\u{301} onmouseover=&quot;x &lt;b&gt;&#39;\u{FFFD}&amp;"))
    #expect(!page.contains("<b>"))
  }
}
