import Inference
import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// Real worker processes on a real queue, with a tiny random model.
@Suite(.serialized) struct WorkerTests {
  private static let cluster = Result { try makeCluster() }

  private static func makeCluster() throws -> TestCluster {
    let cluster = try TestCluster()
    let folder = cluster.directory.path + "/models/tiny"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var model = RandomModel(extra: [
      "layer_mixers": .array([.string("window"), .string("bounded")]),
      "window_tokens": .integer(64), "sink_tokens": .integer(4),
      "kept_tokens": .integer(128),
    ])
    model.vocabulary = 1600
    try model.write(to: folder)
    try FileManager.default.copyItem(
      atPath: Repository.fixture("tokenizers/gpt2-style/tokenizer.json"),
      toPath: folder + "/tokenizer.json")

    return cluster
  }

  private struct Result40: Decodable {
    struct DocumentInfo: Decodable { let tokens: Int }
    struct Reading: Decodable {
      let passes: Int
      let tokens_read: Int
    }
    let id: Int
    let state: String
    let document: DocumentInfo
    let reading: Reading
    let attempts: Int
  }

  @Test func twoWorkersDoFortyDocumentsOnceEach() throws {
    let cluster = try Self.cluster.get()
    for number in 0..<40 {
      let path = try cluster.directory.write(
        "documents/\(number).txt",
        "Document \(number). It says \(number * 7). "
          + String(repeating: "More words follow. ", count: number))
      #expect(try cluster.program.docproc("submit", path, "--model", "tiny").status == 0)
    }

    #expect(try cluster.program.docproc("up", "--workers", "2", "--threads", "1").status == 0)
    let queue = try PostgresWorkerQueue(url: cluster.url)
    for job in try queue.jobs.list(limit: 100) {
      #expect(try cluster.program.docproc("wait", String(job.id)).status == 0)
      let result = try cluster.program.docproc("result", String(job.id), "--json").json(
        Result40.self)
      #expect(result.state == "completed" && result.attempts == 1)
      #expect(result.reading.passes == 1 && result.reading.tokens_read == result.document.tokens)
    }

    let rows = try queue.connection.query(
      "select count(*) as events, count(distinct job_id) as jobs, count(distinct fence) as "
        + "fences from docproc.event where kind = 'completed'"
    )
    let row = try #require(rows.first)
    #expect(try ["events", "jobs", "fences"].map(row.integer) == [40, 40, 40])
    let workers = try queue.connection.query("select distinct worker from docproc.result")
    #expect(workers.count == 2, "both took part")
  }

  @Test func sigtermGivesTheJobBack() throws {
    let cluster = try Self.cluster.get()
    _ = try cluster.program.docproc("up", "--workers", "1", "--threads", "1")
    let queue = try PostgresWorkerQueue(url: cluster.url)
    let path = try cluster.directory.write(
      "long.txt", String(repeating: "A long text that takes a while to read. ", count: 200_000))
    let submitted = try cluster.program.docproc("submit", path, "--model", "tiny", "--json")
    struct Status: Decodable { let id: Int }
    let id = try submitted.json(Status.self).id
    let deadline = Date().addingTimeInterval(60)
    while try queue.jobs.status(id).state != .running, Date() < deadline {
      Thread.sleep(forTimeInterval: 0.1)
    }

    #expect(try queue.jobs.status(id).state == .running)
    // `down` would stop the server too: with --database it stops workers only.
    #expect(try cluster.program.docproc("down", "--database", cluster.url).status == 0)
    let status = try queue.jobs.status(id)
    #expect(status.state == .available && status.releases == 1 && status.attempts == 0)
    #expect(try cluster.program.docproc("cancel", String(id)).text.contains("cancelled"))
  }

  @Test func aModelThatCannotBeLoadedFailsTheJobByName() throws {
    let cluster = try Self.cluster.get()
    let path = try cluster.directory.write("short.txt", "A short text.")
    let folder = try cluster.directory.write("broken/config.json", "{}")
    let model = (folder as NSString).deletingLastPathComponent
    #expect(try cluster.program.docproc("submit", path, "--model", model).status == 0)
    let worker = Program(home: cluster.directory.path, environment: ["DATABASE_URL": cluster.url])
    #expect(try worker.run("docproc-worker", ["--once", "--models", "/"]).status == 0)
    let job = try #require(try PostgresWorkerQueue(url: cluster.url).jobs.list(limit: 1).first)
    #expect(job.state == .failed)
    #expect(try #require(job.error).contains("tokenizer"))
    #expect(try cluster.program.docproc("wait", String(job.id)).status == 1)
  }

  @Test func whoWaitsStartsADeadWorkerAgain() throws {
    let cluster = try Self.cluster.get()
    _ = try cluster.program.docproc("down", "--database", cluster.url)
    try PostgresWorkerQueue(url: cluster.url).connection.execute(
      script: "delete from docproc.worker")
    let path = try cluster.directory.write("waited.txt", "Somebody waits for this.")
    struct Status: Decodable {
      let id: Int
      let state: String
    }
    let id = try cluster.program.docproc("submit", path, "--model", "tiny", "--json")
      .json(Status.self).id
    let waited = try cluster.program.docproc("wait", String(id), "--ndjson")
    #expect(waited.status == 0 && waited.error.contains("started one in the background"))
    #expect(waited.text.split(separator: "\n").count == 1)
    #expect(try waited.json(Status.self).state == "completed")
    let healthy = try cluster.program.run("docproc-worker", ["health"])
    #expect(healthy.status == 0 && healthy.text == "1 worker gets on\n")
    let others = try cluster.program.docproc("down", "--database", "postgresql:///other?host=/x")
    #expect(others.text == "stopped 0 workers\n", "workers of another database stay")
    Thread.sleep(forTimeInterval: 0.1)
    let hung = try cluster.program.run("docproc-worker", ["health", "--seconds", "0.01"])
    #expect(hung.status == 1 && hung.error.contains("workers hang"))
    _ = try cluster.program.docproc("down", "--database", cluster.url)
  }

  private static let isLong = ProcessInfo.processInfo.environment["DOCPROC_LONG"] != nil

  /// 1,024 tokens; in the long run 16,384 too, and fifty questions of each length.
  @Test(arguments: isLong ? [0, 1, 2, 3] : [0])
  func anAnswerComesFromTheReadingThroughTheQueue(number: Int) throws {
    let cluster = try Self.cluster.get()
    let made = try RecallDocuments.load()
    let one = made.documents[number]
    let path = try cluster.directory.write("notes-\(number).txt", made.text(one))
    for pair in one.questions.prefix(Self.isLong ? 50 : 3) {
      let submitted = try cluster.program.docproc(
        "submit", path, "--task", "ask", "--question", pair[0], "--model", RecallDocuments.folder,
        "--from", "reading", "--json")
      struct Status: Decodable { let id: Int }
      let id = try submitted.json(Status.self).id
      let worker = Program(home: cluster.directory.path, environment: ["DATABASE_URL": cluster.url])
      #expect(try worker.run("docproc-worker", ["--once", "--models", "/"]).status == 0)
      struct Answered: Decodable {
        let answer: String
        let answered_from: String
        let reading: Result40.Reading
      }
      let result = try cluster.program.docproc("result", String(id), "--json").json(Answered.self)
      #expect(result.answer == pair[1] && result.answered_from == "reading")
      #expect(result.reading.passes == 1)
    }
  }
}
