import Documents
import Foundation
import Jobs
import Postgres
import Results
import TestSupport
import Testing

/// A queue on a real Postgres, emptied, and what tests put on it.
struct QueueFixture {
  let url: String
  let queue: PostgresWorkerQueue
  let worker = UUID()

  init(_ cluster: TestCluster) throws {
    url = cluster.url
    queue = try PostgresWorkerQueue(url: url)
    try queue.connection.execute(
      script: """
        truncate docproc.content, docproc.worker, docproc.event restart identity cascade;
        update docproc.setting set value = '60 s' where name = 'lease';
        """)
    try register(worker, "test")
  }

  func register(_ id: UUID, _ name: String) throws {
    try queue.register(
      WorkerCard(id: id, name: name, host: "here", process: 1, models: ["m"], takesPaths: true))
  }

  func order(
    _ text: String = "Some text.", question: String? = nil, priority: Int = 0, again: Bool = false,
    key: String? = nil,
    deadline: Int? = nil
  ) -> JobOrder {
    JobOrder(
      Document(name: "a.txt", text: text), question == nil ? .summarize : .ask,
      question: question, model: "m", priority: priority, again: again, key: key,
      deadlineSeconds: deadline)
  }

  func record(_ answer: String = "yes") -> ResultRecord {
    ResultRecord(
      task: "summarize", question: nil,
      document: .init(name: "a.txt", sha256: "0", bytes: 10, tokens: 3), answer: answer,
      supported: true,
      evidence: [Quote(start: 0, end: 4, quote: "Some", score: 1)],
      model: .init(name: "m", sha256: "1"), reading: ReadingFigures(),
      worker: "test")
  }

  func claim(as other: UUID? = nil) throws -> ClaimedJob {
    try #require(try queue.claim(worker: other ?? worker, models: ["m"]))
  }

  func run(_ script: String) throws { try queue.connection.execute(script: script) }

  func value(_ sql: String) throws -> String? {
    try queue.connection.query("select (\(sql))::text as value").first?.optionalText("value")
  }

  func set(_ setting: String, _ value: String) throws {
    try queue.connection.query(
      "update docproc.setting set value = $2 where name = $1", [.text(setting), .text(value)])
  }

  /// All workers fell silent ten leases ago, and the server has been up for longer.
  func silence() throws {
    try set("lease", "1 s")
    try run(
      """
      update docproc.worker set heartbeat_at = clock_timestamp() - interval '10 s';
      update docproc.claim set claimed_at = clock_timestamp() - interval '10 s';
      """)
    while try value("pg_postmaster_start_time() < clock_timestamp() - interval '1 s'") != "true" {
      Thread.sleep(forTimeInterval: 0.1)
    }
  }
}

extension PostgresWorkerQueue {
  /// Sweeps at once, however short the time since the last sweep is.
  func sweepNow() throws -> Int {
    try connection.query(
      """
      update docproc.upkeep
      set done_at = clock_timestamp() - 0.4 * docproc.setting('lease')::interval
      where name = 'sweep'
      """)
    return try sweep()
  }
}
