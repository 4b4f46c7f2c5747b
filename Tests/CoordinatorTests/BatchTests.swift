import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// Batches over a database without a worker: what coordinators do with them.
struct BatchTests {
  private static let lines = 1000

  private static func input() -> String {
    (1...lines).map { number in
      """
      {"custom_id": "line \(number)", "method": "POST", "url": "/v1/chat/completions", \
      "body": {"model": "made", "messages": [{"role": "user", "content": "Say \(number)."}]}}

      """
    }.joined()
  }

  @Test(.timeLimit(.minutes(5))) func killedCoordinatorsLoseNoLineAndOrderNoneTwice() throws {
    let cluster = try TestCluster()
    let connection = try Connection(url: cluster.url)
    var service = try TestService(cluster)
    try connection.query("insert into docproc.model (name) values ('made')")
    let key = try service.key()
    let folder = try TemporaryDirectory()
    let path = try folder.write("input.jsonl", Self.input())
    let file = try service.request(
      "/v1/files", key: key, method: "POST", ["-F", "purpose=batch", "-F", "file=@\(path)"])
    let id = try #require(try file.json()["id"] as? String)
    let made = try service.request(
      "/v1/batches", key: key, method: "POST",
      json: """
        {"input_file_id": "\(id)", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        """)
    let batch = try #require(try made.json()["id"] as? String)

    var kills = 0
    func ordered() throws -> Int {
      try connection.query("select ordered from docproc.batch")[0].integer("ordered")
    }
    for _ in 0..<600 where try ordered() < Self.lines {
      usleep(UInt32.random(in: 100_000...600_000))
      guard kills < 12, try ordered() > 0 else { continue }
      kill(service.process, SIGKILL)
      kills += 1
      // What the killed one had taken is free at once, as after its minute.
      try connection.query("update docproc.batch set held_until = '-infinity'")
      service = try TestService(cluster)
    }
    #expect(kills > 1, "some were killed amid the work")
    let counts = try connection.query(
      """
      select count(*) as lines, count(distinct l.custom_id) as names,
        count(distinct l.job_id) as jobs, (select count(*) from docproc.job) as all,
        (select count(*) from docproc.response) as responses
      from docproc.batch_line l
      """)[0]
    for name in ["lines", "names", "jobs", "all", "responses"] {
      #expect(try counts.integer(name) == Self.lines, "\(name) after \(kills) kills")
    }

    _ = try service.request("/v1/batches/\(batch)/cancel", key: key, method: "POST")
    var state: [String: Any] = [:]
    for _ in 0..<240 where state["status"] as? String != "cancelled" {
      usleep(250_000)
      state = try service.request("/v1/batches/\(batch)", key: key).json()
    }
    #expect(state["status"] as? String == "cancelled")
    let errors = try #require(state["error_file_id"] as? String)
    let told = try service.request("/v1/files/\(errors)/content", key: key).body
    #expect(told.split(separator: "\n").count == Self.lines)
    #expect(told.contains("\"custom_id\":\"line \(Self.lines)\""))
  }
}
