import Digests
import Documents
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Jobs

/// Texts that come in pieces, and who is woken for them.
@Suite(.serialized) struct UploadTests {
  private static let cluster = Result { try TestCluster(tenants: ["ann", "bob"]) }
  private let fixture: QueueFixture

  init() throws { fixture = try QueueFixture(try Self.cluster.get()) }

  private func connection(_ role: String) throws -> Connection {
    try Connection(url: fixture.url.replacingOccurrences(of: "user=docproc", with: "user=" + role))
  }

  /// The state that a script is refused with; nil where it is taken.
  private func refusal(_ sql: String, as role: String = "ann") throws -> String? {
    do {
      try connection(role).execute(script: sql)
      return nil
    } catch PostgresError.query(let state, _, _) {
      return state
    }
  }

  @Test func piecesCutNoCharacterInTwo() {
    for text in ["", "a", "aé𝄞e\u{301}x", String(repeating: "𝄞", count: 9), "\r\n\r\n"] {
      for bytes in 4...9 {
        let pieces = Array(text.pieces(bytes: bytes))
        #expect(pieces.allSatisfy { (1...bytes).contains($0.utf8.count) })
        #expect(Array(pieces.joined().utf8) == Array(text.utf8))
      }
    }
  }

  @Test func aLongTextArrivesWholeAndIsStoredOnce() throws {
    let text = String(repeating: "A line with é and 𝄞, and so on.\n", count: 300_000)
    let order = fixture.order(text)
    let first = try fixture.queue.jobs.submit(order)
    #expect(try fixture.value("select pieces from docproc.content") == "3")
    #expect(try fixture.queue.jobs.submit(order) == (first.id, false))
    let other = try fixture.queue.jobs.submit(fixture.order(text, question: "How so?"))
    #expect(other.created && other.id != first.id)
    #expect(try fixture.value("select count(*) from docproc.content") == "1")
    #expect(try fixture.claim().document().text.utf8.count == text.utf8.count)
    #expect(try fixture.queue.jobs.documentText(first.id) == text)
    #expect(
      try fixture.value("select md5(docproc.document_text(\(first.id))) = md5('\(text)')") == "true"
    )
  }

  @Test func aTextGoesWithItsLastJob() throws {
    let long = String(repeating: "One line of many. ", count: 300_000)
    let ids = try [long, "Short."].map { try fixture.queue.jobs.submit(fixture.order($0)).id }
    for id in ids { #expect(try fixture.queue.steering.remove(id)) }
    let left = "select (select count(*) from docproc.content) + count(*) from docproc.content_piece"
    #expect(try fixture.value(left) == "0")
  }

  @Test func uploadsAreChecked() throws {
    let begun = try connection("ann").query("select docproc.begin_upload() as id")
    let id = try #require(begun.first).integer("id")
    let digest = SHA256.hex(of: "ab")
    func order(_ sha: String) -> String {
      "select docproc.submit_upload('n', '\(sha)', \(id), model => 'm')"
    }
    #expect(try refusal(order(digest)) == "23514", "there is no text yet")
    #expect(try refusal("select docproc.upload_piece(\(id), 1, 'b')") == "22023", "not in order")
    #expect(try refusal("select docproc.upload_piece(\(id), 0, 'a')", as: "bob") == "P0002")
    #expect(try refusal("select docproc.upload_piece(\(id), 0, repeat('a', 8388609))") == "54000")
    for number in [0, 0, 1] {
      #expect(
        try refusal("select docproc.upload_piece(\(id), \(number), chr(97 + \(number)))") == nil)
    }
    #expect(try refusal(order("AB")) == "22023")
    #expect(try refusal(order(digest), as: "bob") == "P0002")
    #expect(try refusal(order(digest)) == nil)
    #expect(try refusal("select docproc.upload_piece(\(id), 2, 'c')") == "P0002", "it is ordered")
    #expect(try fixture.claim().document().text == "ab")
    let seen = "select count(*) as seen from docproc.content_piece"
    #expect(try connection("bob").query(seen).first?.integer("seen") == 0)
    #expect(try connection("ann").query(seen).first?.integer("seen") == 2)
  }

  @Test func anUploadStopsAtTheLimit() throws {
    try fixture.set("most_document_bytes", "5")
    defer { try? fixture.set("most_document_bytes", "\(256 << 20)") }
    let begun = try connection("ann").query("select docproc.begin_upload() as id")
    let id = try #require(begun.first).integer("id")
    #expect(try refusal("select docproc.upload_piece(\(id), 0, 'four')") == nil)
    #expect(try refusal("select docproc.upload_piece(\(id), 1, 'to')") == "54000")
  }

  @Test func aWrongDigestFailsTheJob() throws {
    let begun = try connection("ann").query("select docproc.begin_upload() as id")
    let id = try #require(begun.first).integer("id")
    let wrong = SHA256.hex(of: "other")
    #expect(try refusal("select docproc.upload_piece(\(id), 0, 'text')") == nil)
    #expect(
      try refusal("select docproc.submit_upload('n', '\(wrong)', \(id), model => 'm')") == nil)
    let job = try fixture.claim()
    #expect(
      throws: JobError.damagedDocument(expected: wrong, found: SHA256.hex(of: "text"))
    ) { try job.document() }
  }

  @Test func whatNobodyOrderedIsForgotten() throws {
    _ = try connection("ann").query("select docproc.upload_piece(docproc.begin_upload(), 0, 'x')")
    _ = try fixture.queue.jobs.submit(fixture.order())
    _ = try fixture.queue.forgetOld()
    #expect(try fixture.value("select count(*) from docproc.content") == "2")
    try fixture.run("update docproc.content set created_at = now() - interval '2 days'")
    _ = try fixture.queue.forgetOld()
    #expect(try fixture.value("select count(*) from docproc.content_piece") == "1")
    #expect(try fixture.claim().text == "Some text.")
  }

  // MARK: Waking

  /// A worker that listens and found nothing to do.
  private func idle(_ models: [String]) throws -> PostgresWorkerQueue {
    let queue = try PostgresWorkerQueue(url: fixture.url)
    let worker = UUID()
    try queue.register(
      WorkerCard(id: worker, name: "w", host: "h", process: 1, models: models, takesPaths: false))
    try queue.listen(to: .ready(worker: worker))
    #expect(try queue.claim(worker: worker, models: models, takesPaths: false) == nil)
    return queue
  }

  private func woken(_ queues: [PostgresWorkerQueue]) throws -> [Bool] {
    try queues.map { try $0.connection.waitForNotification(seconds: 0.3) }
  }

  @Test func oneWorkerIsWokenThatCanDoIt() throws {
    let workers = try [["m"], ["m"], ["other"], ["m"]].map(idle)
    for _ in 0..<4 {
      _ = try fixture.queue.jobs.submit(fixture.order(again: true))
      let heard = try woken(workers)
      #expect(heard.count(where: \.self) == 1 && !heard[2])
    }
  }

  @Test func allAreWokenWhereNobodyIsKnownToWait() throws {
    let workers = try [["other"], ["third"]].map(idle)
    _ = try fixture.queue.jobs.submit(fixture.order())
    #expect(try woken(workers) == [true, true])
  }

  @Test func whoFindsMoreThanItCanDoWakesTheNext() throws {
    for _ in 0..<2 { _ = try fixture.queue.jobs.submit(fixture.order(again: true)) }
    let waiting = try PostgresWorkerQueue(url: fixture.url)
    let worker = UUID()
    try waiting.register(
      WorkerCard(id: worker, name: "w", host: "h", process: 1, models: ["m"], takesPaths: false))
    try fixture.run("update docproc.worker set is_idle = true where id = '\(worker)'")
    try waiting.listen(to: .ready(worker: worker))
    _ = try fixture.claim()
    #expect(try woken([waiting]) == [true])
    _ = try fixture.claim(as: UUID())
    #expect(try woken([waiting]) == [false], "nothing is left")
  }
}
