import Foundation
import Jobs
import Postgres
import Results
import TestSupport
import Testing

/// Kept readings in the database: who finds them, what goes when there is no more room.
@Suite(.serialized) struct KeptReadingTests {
  private static let cluster = Result { try TestCluster(tenants: ["ann", "bob"]) }
  private let fixture: QueueFixture

  init() throws { fixture = try QueueFixture(try Self.cluster.get()) }

  private var queue: PostgresWorkerQueue { fixture.queue }

  private func role(_ name: String) throws -> PostgresWorkerQueue {
    try PostgresWorkerQueue(
      url: fixture.url.replacingOccurrences(of: "user=docproc", with: "user=" + name))
  }

  private func kept(
    _ tokens: Int, of total: Int = 100, seconds: Double? = nil, bytes: Int = 1000,
    pages: [(Int, Int)] = []
  ) throws -> KeptState {
    var noise = SplitMix(UInt64(tokens))
    let raw = (0..<bytes).map { _ in UInt8(truncatingIfNeeded: noise.next() as UInt64) }
    let state = try CompressedBytes(compressing: raw, level: 1)
    return KeptState(
      kind: "k", focus: nil, modelSHA256: "m", idsSHA256: "ids \(tokens)", position: tokens + 3,
      isEnd: tokens == total,
      checkpoint: Checkpoint(
        key: "", tokens: tokens, seconds: seconds ?? Double(tokens), number: 0, isa: "avx2",
        state: state,
        pages: pages.map { .init(firstToken: $0.0, endToken: $0.1, data: state) }))
  }

  /// A claim for a document of a tenant, with a reading kept.
  private func claim(_ text: String, as tenant: String = "docproc") throws -> Claim {
    _ = try role(tenant).jobs.submit(fixture.order(text, again: true))
    return try fixture.claim(as: UUID()).claim
  }

  private func found(_ claim: Claim, atMost tokens: Int = 1000) throws -> [Int] {
    try queue.kept(kind: "k", atMost: tokens, claim).map(\.tokens)
  }

  private func load(_ tokens: Int, _ claim: Claim) throws -> Checkpoint? {
    guard let candidate = try queue.kept(kind: "k", atMost: tokens, claim).first else { return nil }
    return try queue.load(candidate, claim, cached: { _ in nil })
  }

  @Test func aKeptStateComesBackAsItWas() throws {
    let first = try claim("One text.")
    let half = try kept(50, pages: [(0, 53)])
    let end = try kept(100, pages: [(53, 103)])
    #expect(try queue.keep(half, first) && queue.keep(end, first))
    let other = try claim("Another text.")
    #expect(try found(other) == [100, 50], "of whatever document: the ids decide")
    #expect(try found(other, atMost: 99) == [50])
    let loaded = try #require(try load(100, other))
    #expect(loaded.state == end.checkpoint.state && loaded.pages.count == 2)
    #expect(try load(50, other)?.pages.map(\.endToken) == [53], "with its own pages alone")
    #expect(try queue.kept(kind: "other", atMost: 1000, other).isEmpty)
    let candidate = try #require(try queue.kept(kind: "k", atMost: 100, other).first)
    let cached = try queue.load(candidate, other) { $0 == loaded.state.sha256 ? [1, 2] : nil }
    #expect(cached?.state.payload == [1, 2], "the state itself is not fetched")
    try queue.use(candidate, other)
    #expect(try queue.jobs.readings().map(\.asked) == [1])
  }

  @Test func readingsNeverCrossTenants() throws {
    let anns = try claim("A text.", as: "ann")
    #expect(try queue.keep(kept(100), anns))
    let candidate = try #require(try queue.kept(kind: "k", atMost: 100, anns).first)
    let bobs = try claim("A text.", as: "bob")
    #expect(try found(bobs).isEmpty)
    #expect(try queue.load(candidate, bobs, cached: { _ in nil }) == nil)
    try queue.drop(candidate, bobs)
    #expect(try found(anns) == [100])
    #expect(try role("bob").jobs.readings().isEmpty)
    let id = try #require(try role("ann").jobs.readings().first).id
    #expect(throws: JobError.noSuchReading(id)) { try role("bob").steering.forgetReading(id) }
    try role("ann").steering.forgetReading(id)
    #expect(try found(anns).isEmpty)
  }

  @Test func aLostClaimKeepsAndFindsNothing() throws {
    let held = try claim("A text.")
    #expect(try queue.keep(kept(100), held))
    let stale = Claim(job: held.job, fence: held.fence - 1)
    #expect(try !queue.keep(kept(50), stale))
    #expect(try found(stale).isEmpty)
    #expect(try queue.keepPlan(stale) == nil)
    #expect(try queue.keepPlan(held)?.mostBytes == 2 << 30)
  }

  @Test func theLeastValuableGoFirstAndTheLimitHolds() throws {
    try fixture.set("keep_readings_bytes", "5000")
    defer { try? fixture.set("keep_readings_bytes", "\(2 << 30)") }
    for number in 1...3 {
      let held = try claim("Text \(number).")
      #expect(try queue.keep(kept(50, seconds: 10 * Double(number)), held))
      #expect(try queue.keep(kept(100, seconds: 20 * Double(number)), held))
      let used = try fixture.value("select sum(bytes) from docproc.readings")
      #expect(try #require(used.flatMap { Int($0) }) <= 5000)
    }
    let left = try queue.jobs.readings().sorted { $0.seconds < $1.seconds }
    #expect(left.map(\.seconds) == [20, 40, 60], "the ends stay, places before them go")
    #expect(left.map(\.states) == [1, 1, 2] || left.map(\.states) == [1, 1, 1])

    // What was asked for is worth more than what took longer.
    let asking = try claim("Text 1.")
    let first = try #require(
      try queue.connection.query(
        """
        select s.id from docproc.kept_state s join docproc.kept_reading r on r.id = s.reading_id
        where r.id = $1
        """, [.integer(left[0].id)]
      ).first
    ).integer("id")
    for _ in 0..<5 {
      try queue.use(KeptCandidate(id: first, tokens: 100, idsSHA256: ""), asking)
    }
    let large = try claim("Text 4.")
    #expect(try queue.keep(kept(100, seconds: 100, bytes: 3000), large))
    let after = try queue.jobs.readings().map(\.seconds)
    #expect(after.contains(20) && after.contains(100) && !after.contains(40), "\(after)")
  }

  @Test func whatIsLargerThanTheLimitIsNotKept() throws {
    try fixture.set("keep_readings_bytes", "500")
    defer { try? fixture.set("keep_readings_bytes", "\(2 << 30)") }
    let held = try claim("A text.")
    #expect(try !queue.keep(kept(100), held))
    #expect(try found(held).isEmpty)
  }

  @Test func whoLoadsIsNotCut() throws {
    let held = try claim("A text.")
    #expect(try queue.keep(kept(100, pages: [(0, 103)]), held))
    let candidate = try #require(try queue.kept(kind: "k", atMost: 100, held).first)
    let reader = try PostgresWorkerQueue(url: fixture.url)
    try reader.connection.execute(
      script: """
        begin;
        select from docproc.load_kept(\(held.job), \(held.fence), \(candidate.id));
        """)
    try fixture.set("keep_readings_bytes", "1")
    defer { try? fixture.set("keep_readings_bytes", "\(2 << 30)") }
    _ = try queue.connection.query("select docproc.make_room('docproc')")
    let pages = try reader.connection.query(
      "select from docproc.load_kept_pages(\(held.job), \(held.fence), \(candidate.id))")
    #expect(pages.count == 1)
    try reader.connection.execute(script: "commit")
    _ = try queue.connection.query("select docproc.make_room('docproc')")
    #expect(try fixture.value("select count(*) from docproc.kept_page") == "0")
    #expect(try fixture.value("select count(*) from docproc.kept_reading") == "0")
  }

  @Test func readingsGoWithTheirDocumentAndTheirTime() throws {
    let held = try claim("A text.")
    #expect(try queue.keep(kept(100), held))
    try fixture.run("update docproc.kept_state set used_at = now() - interval '31 days'")
    _ = try queue.forgetOld()
    #expect(try found(held).isEmpty)
    #expect(try queue.keep(kept(100), held))
    #expect(try queue.complete(held, fixture.record()))
    #expect(try queue.steering.remove(held.job))
    #expect(try fixture.value("select count(*) from docproc.kept_state") == "0")
  }

  @Test func aReadingThatBeganAnewReplacesTheOld() throws {
    let held = try claim("A text.")
    #expect(try queue.keep(kept(50, pages: [(0, 53)]), held))
    #expect(try queue.keep(kept(100, pages: [(53, 103)]), held))
    #expect(try queue.keep(kept(70, pages: [(0, 73)]), held))
    #expect(try found(held) == [70])
    #expect(try fixture.value("select count(*) from docproc.kept_page") == "1")
  }

  // MARK: Asking by SQL

  private func ask(_ sql: String, as role: String = "ann") throws -> Int {
    try #require(try self.role(role).connection.query("select * from docproc.\(sql)").first)
      .integer("job_id")
  }

  @Test func questionsAreAskedByJobOrDocument() throws {
    let job = try role("ann").jobs.submit(fixture.order("A text.")).id
    let byJob = try ask("ask('Who?', job => \(job))")
    let document = try fixture.value("select document_id from docproc.job where id = \(job)") ?? ""
    #expect(try ask("ask('Who?', document => \(document), model => 'm')") == byJob)
    #expect(try queue.jobs.status(byJob).model == "m")
    let many = try ask(
      """
      ask_many('[{"id": "a", "question": "Who?"}, {"id": "b", "question": "Why?"}]', job => \(job))
      """)
    #expect(try queue.jobs.status(many).question == "2 questions")
    for (sql, state) in [
      ("ask('Who?', job => \(job))", "P0002"), ("ask('Who?', document => 99)", "P0002"),
      ("ask('Who?')", "P0002"),
    ] {
      #expect(throws: PostgresError.self, "\(state)") { try ask(sql, as: "bob") }
    }
    for wrong in [
      "[]", "{}", #"[{"id": "a"}]"#, #"[{"id": "a", "question": " "}]"#,
      #"[{"id": "a", "question": "x"}, {"id": "a", "question": "y"}]"#,
    ] {
      #expect(throws: PostgresError.self) { try ask("ask_many('\(wrong)', job => \(job))") }
    }
  }

  @Test func answersOfManyQuestionsAreRows() throws {
    let order = JobOrder(
      fixture.order("A text.").document, .ask, question: "2 questions", model: "m",
      parameters: JobParameters(questions: [
        AskedQuestion(id: "a", question: "Who?"), AskedQuestion(id: "b", question: "Why?"),
      ]))
    let id = try role("ann").jobs.submit(order).id
    let job = try fixture.claim()
    #expect(try job.parameters().questions?.map(\.id) == ["a", "b"])
    let quote = Quote(start: 0, end: 6, quote: "A text", score: 1)
    let answers = ["a", "b"].map {
      ResultRecord.AnswerInfo(
        id: $0, question: "Who \($0)?", answer: "the =sum(\($0)) hookah", answeredFrom: "reading",
        supported: true, uncertain: false, evidence: [quote])
    }
    let record = ResultRecord(
      task: "ask", question: "2 questions",
      document: .init(name: "a.txt", sha256: "0", bytes: 7, tokens: 2), answer: "2 answers",
      supported: true, evidence: [], answers: answers, model: .init(name: "m", sha256: "1"),
      reading: ReadingFigures(), worker: "w")
    #expect(try queue.complete(job.claim, record))
    #expect(try queue.jobs.result(id).answers == answers)
    let rows = "select string_agg(id || answer, ';' order by ordinal) as all from docproc.answers"
    let all = try role("ann").connection.query(rows).first?.optionalText("all")
    #expect(all == "athe =sum(a) hookah;bthe =sum(b) hookah")
    #expect(try role("bob").connection.query(rows).first?.optionalText("all") == nil)
    #expect(try role("ann").jobs.search("hook", limit: 5).map(\.job) == [id, id])
    #expect(try role("bob").jobs.search("hook", limit: 5).isEmpty)
    var exported: [[String?]] = []
    try role("ann").jobs.forEachResult { exported.append($0.cells) }
    #expect(exported.map { $0[1] } == ["a", "b"])
  }

  @Test func aSearchTakesAnyWords() throws {
    let held = try claim("A text.")
    #expect(try queue.complete(held, fixture.record("The old mill's \"wheel\" & more")))
    for words in ["mill", "OLD mil", "wheel more", "mill's", "some", "a:b & | ! <-> mill"] {
      #expect(
        try queue.jobs.search(words, limit: 5).count == (words.contains(":") ? 0 : 1), "\(words)")
    }
    #expect(throws: PostgresError.self) { try queue.jobs.search("' & !", limit: 5) }
  }
}
