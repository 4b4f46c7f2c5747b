import Foundation
import Host
import Jobs
import Postgres
import TestSupport
import Testing

@testable import docproc_coordinator

/// The service as a process, on a real database.
@Suite(.serialized) struct ServiceTests {
  private static let service = Result {
    try TestService(try TestCluster(), ["--private-webhooks"])
  }

  private static let clients = ProcessInfo.processInfo.environment["DOCPROC_TEST_CLIENTS"]

  /// With a worker that has the default model.
  private static let withWorker = Result {
    let made = try service.get()
    let cluster = made.cluster
    try FileManager.default.createSymbolicLink(
      atPath: cluster.directory.path + "/models",
      withDestinationPath: ((Repository.defaultModel ?? "") as NSString).deletingLastPathComponent)
    #expect(try cluster.program.docproc("up").status == 0)
    return made
  }

  /// Runs a script of Tests/Clients, which says itself what is wrong.
  private static func check(_ script: String, _ arguments: [String]) throws {
    let output = try Command.run(
      (clients ?? "") + "/bin/python",
      [Repository.root + "/Tests/Clients/" + script] + arguments, directory: Repository.root)
    let said = String(decoding: output.output, as: UTF8.self)
    #expect(output.status == 0, "\(said.suffix(3000)) \(output.error)")
  }

  private static let canCheck = clients != nil && Repository.defaultModel != nil

  @Test(.enabled(if: canCheck), .timeLimit(.minutes(10)))
  func theOpenAIClientDoesAll() throws {
    let service = try Self.withWorker.get()
    try Self.check(
      "check_openai.py",
      [service.base, try service.key(), Repository.fixture("formats/alice3.epub")])
  }

  @Test(.enabled(if: canCheck), .timeLimit(.minutes(3)))
  func webhooksAreTold() throws {
    let service = try Self.withWorker.get()
    try Self.check("check_webhooks.py", [service.base, try service.key()])
  }

  @Test(
    .enabled(if: canCheck && FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium")),
    .timeLimit(.minutes(10)))
  func theDashboardIsForEverybody() throws {
    let service = try Self.withWorker.get()
    let folder = try TemporaryDirectory()
    let keys = try JobDatabase(url: service.cluster.url).keys
    let link = try keys.create(scopes: [.admin], name: SignIn.linkName, expiresAfterSeconds: 600)
    try Self.check(
      "check_dashboard.py",
      [
        service.base, service.base + "/login?key=" + link.key, try service.key([.read]),
        Repository.fixture("formats/alice.txt"), folder.path,
      ])
  }

  @Test(.enabled(if: canCheck), .timeLimit(.minutes(5)))
  func hostileRequestsDoNoHarm() throws {
    let service = try Self.withWorker.get()
    try Self.check(
      "check_hostile.py",
      [
        service.base, try service.key(), try service.key(tenant: "stranger"),
        "\(service.process)", "300",
      ])
  }

  @Test(.enabled(if: clients != nil), .timeLimit(.minutes(5)))
  func theDescriptionHoldsForWhateverIsSent() throws {
    let service = try Self.service.get()
    let folder = try TemporaryDirectory()
    let output = try Command.run(
      (Self.clients ?? "") + "/bin/schemathesis",
      [
        "run", Repository.root + "/coordinator/OpenAPI/openapi.json", "--url", service.base,
        "-H", "Authorization: Bearer \(try service.key())", "--max-examples", "5", "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,"
          + "response_schema_conformance", "--request-timeout", "20", "--seed", "1",
      ], directory: folder.path)
    #expect(output.status == 0, "\(String(decoding: output.output, as: UTF8.self).suffix(4000))")
  }

  @Test func numbersAreAsPrometheusReadsThem() throws {
    let service = try Self.service.get()
    _ = try service.request("/v1/files", key: try service.key())
    let text = try service.request("/metrics").body
    #expect(text.contains("docproc_build_info{version=\"0.9.0\"} 1\n"))
    #expect(
      text.contains(
        "docproc_http_request_duration_seconds_count{method=\"GET\",route=\"/v1/files\",status=\"200\"}"
      ))
    #expect(text.contains("docproc_workers") || text.contains("docproc_claims 0\n"))
    let helps = text.split(separator: "\n").filter { $0.hasPrefix("# HELP") }
    let bare = helps.filter { $0.split(separator: " ")[2] == $0.split(separator: " ").last ?? "" }
    #expect(helps.count > 15 && bare.isEmpty, "every number says what it is")
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool") else { return }
    let folder = try TemporaryDirectory()
    let file = try folder.write("metrics", text)
    let checked = try Command.run("sh", ["-c", "promtool check metrics < \(file)"])
    #expect(checked.status == 0, "\(checked.error)")
  }

  @Test func aWrongKeyIsRefused() throws {
    let service = try Self.service.get()
    for key in [nil, "wrong", "dp-wrong", String(repeating: "x", count: 5000)] {
      let answer = try service.request("/v1/models", key: key)
      #expect(answer.status == 401 && answer.code == "invalid_api_key")
      #expect(answer.headers.contains("WWW-Authenticate: Bearer"))
    }
    let both = try service.request(
      "/v1/files", key: nil, ["-H", "x-api-key: \(try service.key())"])
    #expect(both.status == 200)
  }

  @Test func aRevokedKeyIsRefused() throws {
    let service = try Self.service.get()
    let keys = try JobDatabase(url: service.cluster.url).keys
    let key = try keys.create(scopes: [.read])
    #expect(try service.request("/v1/files", key: key.key).status == 200)
    try keys.revoke(key.id)
    sleep(3)
    #expect(try service.request("/v1/files", key: key.key).status == 401)
  }

  @Test func scopesAreKept() throws {
    let service = try Self.service.get()
    let reader = try service.key([.read])
    #expect(try service.request("/v1/files", key: reader).status == 200)
    let refused = try service.request("/v1/responses", key: reader, method: "POST", json: "{}")
    #expect(refused.status == 403 && refused.code == "insufficient_scope")
  }

  @Test func tenantsSeeNothingOfEachOther() throws {
    let service = try Self.service.get()
    let (ann, ben) = (try service.key(tenant: "ann"), try service.key(tenant: "o'ben"))
    let made = try service.request(
      "/v1/files", key: ann, method: "POST",
      ["-F", "purpose=user_data", "-F", "file=@\(Repository.root)/README.md"])
    let id = try #require(try made.json()["id"] as? String)
    for path in ["/v1/files/\(id)", "/v1/files/\(id)/content"] {
      #expect(try service.request(path, key: ann).status == 200)
      #expect(try service.request(path, key: ben).status == 404)
    }
    #expect(try service.request("/v1/files/\(id)", key: ben, method: "DELETE").status == 404)
    let asked = try service.request(
      "/v1/batches", key: ben, method: "POST",
      json: """
        {"input_file_id": "\(id)", "endpoint": "/v1/responses", "completion_window": "24h"}
        """)
    #expect(asked.status == 404)
    let content = try service.request("/v1/files/\(id)/content", key: ann).body
    #expect(
      content == (try String(contentsOfFile: Repository.root + "/README.md", encoding: .utf8)))
  }

  /// A test may ask more often than people do.
  init() throws {
    let connection = try Connection(url: try Self.service.get().cluster.url)
    try connection.query(
      "update docproc.setting set value = '1000000' where name = 'most_requests'")
  }

  @Test func tooManyRequestsAreToldWhenToComeAgain() throws {
    let service = try Self.service.get()
    let connection = try Connection(url: service.cluster.url)
    try connection.query("update docproc.setting set value = '3' where name = 'most_requests'")
    defer {
      _ = try? connection.query(
        "update docproc.setting set value = '1000000' where name = 'most_requests'")
      sleep(6)
    }
    sleep(6)
    let key = try service.key()
    let answers = try (0..<5).map { _ in try service.request("/v1/files", key: key) }
    #expect(answers.map(\.status) == [200, 200, 200, 429, 429])
    #expect(answers[4].headers.lowercased().contains("retry-after:"))
  }

  @Test func anExpiredFileIsGone() throws {
    let service = try Self.service.get()
    let key = try service.key()
    let made = try service.request(
      "/v1/files", key: key, method: "POST",
      [
        "-F", "purpose=user_data", "-F", "expires_after[anchor]=created_at", "-F",
        "expires_after[seconds]=3600", "-F", "file=@\(Repository.root)/README.md",
      ])
    let id = try #require(try made.json()["id"] as? String)
    let connection = try Connection(url: service.cluster.url)
    try connection.query(
      "update docproc.file set expires_at = now() - interval '1 s' where id = $1", [.text(id)])
    #expect(try service.request("/v1/files/\(id)", key: key).status == 404)
    #expect(try service.request("/v1/files/\(id)/content", key: key).status == 404)
    #expect(try !service.request("/v1/files", key: key).body.contains(id))
    let asked = try service.request(
      "/v1/jobs", key: key, method: "POST", json: "{\"file_id\": \"\(id)\"}")
    #expect(asked.status == 404)
    try connection.query("select docproc.forget_old()")
    let left = try connection.query("select from docproc.file where id = $1", [.text(id)])
    #expect(left.isEmpty)
  }

  @Test func aSecondCoordinatorGoesOn() throws {
    let first = try Self.service.get()
    let key = try first.key()
    let made = try first.request(
      "/v1/files", key: key, method: "POST",
      ["-F", "purpose=user_data", "-F", "file=@\(Repository.book)"])
    let id = try #require(try made.json()["id"] as? String)
    let second = try TestService(first.cluster)
    #expect(try second.request("/v1/files/\(id)", key: key).status == 200)
  }
}
