import Foundation
import Host
import Jobs
import Postgres
import TestSupport
import Testing

/// The service as a process, on a real database.
@Suite(.serialized) struct ServiceTests {
  private static let service = Result { try TestService(try TestCluster()) }

  private static let clients = ProcessInfo.processInfo.environment["DOCPROC_TEST_CLIENTS"]

  @Test(.enabled(if: clients != nil && Repository.defaultModel != nil), .timeLimit(.minutes(10)))
  func theOpenAIClientDoesAll() throws {
    let service = try Self.service.get()
    let cluster = service.cluster
    try FileManager.default.createSymbolicLink(
      atPath: cluster.directory.path + "/models",
      withDestinationPath: ((Repository.defaultModel ?? "") as NSString).deletingLastPathComponent)
    #expect(try cluster.program.docproc("up").status == 0)
    let output = try Command.run(
      (Self.clients ?? "") + "/bin/python",
      [
        Repository.root + "/Tests/Clients/check_openai.py", service.base, try service.key(),
        Repository.fixture("formats/alice3.epub"),
      ])
    #expect(output.status == 0, "\(String(decoding: output.output, as: UTF8.self)) \(output.error)")
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

  @Test func tooManyRequestsAreToldWhenToComeAgain() throws {
    let service = try Self.service.get()
    let connection = try Connection(url: service.cluster.url)
    try connection.query("update docproc.setting set value = '3' where name = 'most_requests'")
    defer {
      _ = try? connection.query(
        "update docproc.setting set value = '6000' where name = 'most_requests'")
      sleep(6)
    }
    sleep(6)
    let key = try service.key()
    let answers = try (0..<5).map { _ in try service.request("/v1/files", key: key) }
    #expect(answers.map(\.status) == [200, 200, 200, 429, 429])
    #expect(answers[4].headers.lowercased().contains("retry-after:"))
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
