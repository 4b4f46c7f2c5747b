package import Foundation
import Postgres
import Results

/// The queue in a Postgres database, over one connection.
package final class PostgresWorkerQueue: WorkerQueue {
  package let database: JobDatabase

  package init(_ database: JobDatabase) { self.database = database }

  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  package convenience init(url: String) throws { self.init(try JobDatabase(url: url)) }

  // MARK: The worker

  package func register(_ worker: WorkerCard) throws {
    _ = try database.value(
      of: "register_worker",
      [
        .text(worker.id.uuidString), .text(worker.name), .text(worker.host),
        .integer(worker.process), .list(worker.models), .boolean(worker.takesPaths),
      ])
  }

  package func unregister(worker: UUID) throws {
    _ = try database.value(of: "unregister_worker", [.text(worker.uuidString)])
  }

  package func beat(worker: UUID) throws -> Bool {
    try database.value(of: "beat", [.text(worker.uuidString)]).boolean("value")
  }

  package func place(_ worker: WorkerCard) throws {
    _ = try database.value(
      of: "place_worker", [.text(worker.id.uuidString), .text(worker.place)])
  }

  package func neighbours(of worker: UUID) throws -> [Neighbour] {
    try database.rows(from: "neighbours", [.text(worker.uuidString)]).compactMap { row in
      guard let id = UUID(uuidString: try row.text("id")) else { return nil }
      return Neighbour(id: id, name: try row.text("name"), process: try row.integer("pid"))
    }
  }

  package func bury(worker: UUID, reason: String) throws -> Int {
    try database.value(of: "bury", [.text(worker.uuidString), .text(reason)]).integer("value")
  }

  package func checkSchema() throws { try database.checkSchema() }

  // MARK: A job

  package func claim(
    atMost count: Int, worker: UUID, models: [String], takesPaths: Bool
  ) throws -> [ClaimedJob] {
    let rows = try database.rows(
      from: "claim",
      [.text(worker.uuidString), .list(models), .boolean(takesPaths), .integer(count)])
    return try rows.compactMap { row in
      let claim = Claim(job: try row.integer("job_id"), fence: try row.integer("fence"))
      return try text(claim, row).map { try ClaimedJob(claim, row, text: $0) }
    }
  }

  /// The whole text of a document, the first piece of which came with the claim.
  /// - Returns: nil when the claim was lost meanwhile.
  private func text(_ claim: Claim, _ row: Row) throws -> String? {
    var text = try row.text("document_text")
    let pieces = try row.integer("document_pieces")
    if pieces > 1 { text.reserveCapacity(try row.integer("document_bytes")) }
    for piece in 1..<max(pieces, 1) {
      let found = try database.rows(from: "load_text", claim.parameters + [.integer(piece)])
      guard let next = found.first else { return nil }
      text += try next.text("text")
    }
    return text
  }

  package func report(_ claim: Claim, _ progress: JobProgress) throws -> Verdict {
    if progress.writtenTokens > 0 { return try reportWriting(claim, progress) }
    let row = try database.value(
      of: "report",
      claim.parameters + [
        .integer(progress.tokens), .integer(progress.total), .integer(progress.steps),
        .integer(progress.resumedFrom),
      ])
    return Verdict(named: try row.text("value"))
  }

  private func reportWriting(_ claim: Claim, _ progress: JobProgress) throws -> Verdict {
    let row = try database.value(
      of: "report_writing",
      claim.parameters + [
        .integer(progress.writtenTokens), .text(progress.written), .integer(progress.steps),
      ])
    return Verdict(named: try row.text("value"))
  }

  package func complete(_ jobs: [FinishedJob]) throws -> [Bool] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let offers = try encoder.encode(try jobs.map(ResultOffer.init))
    return try database.rows(from: "complete", [.text(String(decoding: offers, as: UTF8.self))])
      .map { try $0.boolean("complete") }
  }

  package func fail(_ claim: Claim, message: String, retryable: Bool) throws -> JobState? {
    let state = try database.value(
      of: "fail", claim.parameters + [.text(message), .boolean(retryable)]
    ).text("value")
    return state == "lost" ? nil : try JobState(named: state)
  }

  package func release(_ claim: Claim, delaySeconds: Double, reason: String?) throws -> Bool {
    try database.value(
      of: "release", claim.parameters + [.seconds(delaySeconds), .text(reason)]
    ).boolean("value")
  }

  package func confirmCancel(_ claim: Claim) throws -> Bool {
    try database.value(of: "confirm_cancel", claim.parameters).boolean("value")
  }

  // MARK: Checkpoints

  package func save(_ checkpoint: Checkpoint, _ claim: Claim) throws -> Bool {
    let state = checkpoint.state
    let page = checkpoint.pages.last
    return try database.value(
      of: "save_checkpoint",
      claim.parameters + [
        .text(checkpoint.key), .integer(checkpoint.tokens), .double(checkpoint.seconds),
        .text(checkpoint.isa), .bytes(state.payload), .integer(state.rawBytes),
        .text(state.sha256), .integer(page?.firstToken), .integer(page?.endToken),
        .bytes(page?.data.payload), .integer(page?.data.rawBytes), .text(page?.data.sha256),
      ]
    ).boolean("value")
  }

  package func checkpoint(of claim: Claim, key: String) throws -> Checkpoint? {
    let found = try database.rows(
      from: "load_checkpoint", claim.parameters + [.text(key)], binary: true)
    guard let row = found.first else { return nil }
    let pages = try database.rows(from: "load_checkpoint_pages", claim.parameters, binary: true)

    return Checkpoint(
      key: key, tokens: try row.integer("tokens"), seconds: try row.double("seconds"),
      number: try row.integer("number"), isa: try row.text("isa"),
      state: try CompressedBytes(row, payload: "state"), pages: try pages.map(Checkpoint.Page.init))
  }

  // MARK: The fleet

  package func sweep() throws -> Int { try database.value(of: "sweep").integer("value") }

  package func forgetOld() throws -> Int { try database.value(of: "forget_old").integer("value") }

  package func databaseIdentity() throws -> String {
    try database.value(of: "identity").text("value")
  }

  package func checkpointPlan() throws -> CheckpointPlan {
    guard let row = try database.rows(from: "checkpoint_plan", []).first else {
      throw PostgresError.unexpectedResult("no checkpoint plan")
    }
    return CheckpointPlan(
      life: try row.double("life"), floor: try row.double("floor"),
      ceiling: try row.double("ceiling"))
  }

  package func leaseSeconds() throws -> Double {
    let sql = "select extract(epoch from docproc.setting('lease')::interval)::float8 as seconds"
    let seconds = try database.connection.query(sql).first?.optionalDouble("seconds")
    guard let seconds, seconds > 0 else {
      throw PostgresError.unexpectedResult("the setting lease is not a length of time")
    }
    return seconds
  }

  // MARK: Notifications

  package func listen(to channel: QueueChannel) throws {
    for name in channel.names { try database.connection.listen(name) }
  }

  package func unlisten(from channel: QueueChannel) throws {
    for name in channel.names { try database.connection.unlisten(name) }
  }

  package func wait(seconds: Double, alarm: Int32) throws {
    try database.connection.waitForNotification(seconds: seconds, alarm: alarm)
  }
}

extension Claim {
  /// As the first two arguments of every function that writes about a job.
  var parameters: [Parameter] { [.integer(job), .integer(fence)] }
}

extension ClaimedJob {
  /// - Parameter row: of docproc.claim.
  fileprivate init(_ claim: Claim, _ row: Row, text: String) throws {
    self.init(
      claim: claim, task: try row.text("task"), question: try row.optionalText("question"),
      model: try row.text("model"), documentName: try row.text("document_name"),
      text: text, parts: try row.text("document_parts"),
      parameters: try row.text("parameters"),
      sha256: try row.text("document_sha256"), bytes: try row.integer("document_bytes"))
  }
}

extension Checkpoint.Page {
  /// - Parameter row: of docproc.load_checkpoint_pages, or load_kept_pages.
  init(_ row: Row) throws {
    self.init(
      firstToken: try row.integer("first_token"), endToken: try row.integer("end_token"),
      data: try CompressedBytes(row, payload: "data"))
  }
}

extension CompressedBytes {
  fileprivate init(_ row: Row, payload: String) throws {
    self.init(
      payload: try row.bytes(payload), rawBytes: try row.integer("raw_bytes"),
      sha256: try row.text("sha256"))
  }
}
