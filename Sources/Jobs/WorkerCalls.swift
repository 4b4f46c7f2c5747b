import Foundation
import Postgres
import Results

/// What workers do. Every write about a job carries its fence, and has no effect once the claim is
/// another's.
extension JobQueue {
  private static let modelSeparator = "\u{1f}"

  public func register(_ worker: WorkerCard) throws {
    _ = try call(
      PackageResources.register_worker_sql,
      [
        .text(worker.id.uuidString), .text(worker.name), .text(worker.host),
        .integer(worker.process),
        .text(worker.models.joined(separator: Self.modelSeparator)), .boolean(worker.takesPaths),
      ])
  }

  public func unregister(worker: UUID) throws {
    _ = try call(PackageResources.unregister_worker_sql, [.text(worker.uuidString)])
  }

  /// The next job whose model is one of these, or is given by path if the worker takes
  /// those; nil when there is none. What this worker still holds is given back first.
  public func claim(worker: UUID, models: [String], takesPaths: Bool = true) throws -> ClaimedJob? {
    try claim(atMost: 1, worker: worker, models: models, takesPaths: takesPaths).first
  }

  /// Several jobs at once, in their order; for short ones, whose reading takes no longer than
  /// claiming.
  public func claim(atMost count: Int, worker: UUID, models: [String], takesPaths: Bool = true)
    throws -> [ClaimedJob]
  {
    try call(
      PackageResources.claim_sql,
      [
        .text(worker.uuidString), .text(models.joined(separator: Self.modelSeparator)),
        .boolean(takesPaths), .integer(count),
      ]
    ).map { row in
      ClaimedJob(
        id: try row.integer("job_id"), fence: try row.integer("fence"), task: try row.text("task"),
        question: try row.optionalText("question"), model: try row.text("model"),
        documentName: try row.text("document_name"),
        text: try row.text("document_text"), partsJSON: try row.text("document_parts"),
        sha256: try row.text("document_sha256"),
        bytes: try row.integer("document_bytes"))
    }
  }

  /// False when the worker's row is gone, and it has to register again.
  public func beat(worker: UUID) throws -> Bool {
    try one(PackageResources.beat_sql, [.text(worker.uuidString)]).boolean("known")
  }

  public func report(job: Int, fence: Int, _ progress: JobProgress) throws -> Verdict {
    let verdict = try one(
      PackageResources.report_sql,
      [
        .integer(job), .integer(fence), .integer(progress.tokens), .integer(progress.total),
        .integer(progress.steps),
        .integer(progress.resumedFrom),
      ]
    ).text("verdict")
    return Verdict(rawValue: verdict) ?? .lost
  }

  /// - Returns: false when the claim was lost; nothing was written then. True again for a result
  ///   that was accepted before, under this fence.
  public func complete(job: Int, fence: Int, record: ResultRecord) throws -> Bool {
    try complete([FinishedJob(id: job, fence: fence, record: record)])[0]
  }

  /// Several results in one transaction, each accepted or not by itself.
  public func complete(_ jobs: [FinishedJob]) throws -> [Bool] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let offers = try encoder.encode(try jobs.map(ResultOffer.init))
    return try call(PackageResources.complete_sql, [.text(String(decoding: offers, as: UTF8.self))])
      .map { try $0.boolean("accepted") }
  }

  /// - Returns: the job's state afterwards, or "lost".
  public func fail(job: Int, fence: Int, message: String, retryable: Bool) throws -> String {
    try one(
      PackageResources.fail_sql,
      [.integer(job), .integer(fence), .text(message), .boolean(retryable)]
    ).text("state")
  }

  /// Gives a job back, which uses up no attempt; others may claim it after the delay.
  public func release(job: Int, fence: Int, delaySeconds: Double = 0, reason: String? = nil) throws
    -> Bool
  {
    try one(
      PackageResources.release_sql,
      [.integer(job), .integer(fence), .text(String(delaySeconds)), Self.optional(reason)]
    ).boolean("accepted")
  }

  public func confirmCancel(job: Int, fence: Int) throws -> Bool {
    try one(PackageResources.confirm_cancel_sql, [.integer(job), .integer(fence)]).boolean(
      "accepted")
  }

  /// What any worker does for all: gives back jobs whose worker is dead or stalled, ends those past
  /// their deadline, and asks readings to make way for more important jobs. - Returns: how many
  /// were given back.
  public func sweep() throws -> Int { try one(PackageResources.sweep_sql, []).integer("count") }

  /// Deletes what the settings say is old. - Returns: how many jobs.
  public func forgetOld() throws -> Int {
    try one(PackageResources.forget_old_sql, []).integer("count")
  }

  /// Tells this database from others.
  public func databaseIdentity() throws -> String {
    let row = try connection.query("select docproc.setting('database') as identity").first
    guard let identity = try row?.optionalText("identity") else {
      throw PostgresError.unexpectedResult("the setting database is missing")
    }
    return identity
  }

  /// Seconds after which a worker that is not heard of is taken for dead.
  public func leaseSeconds() throws -> Double {
    let sql = "select extract(epoch from docproc.setting('lease')::interval)::float8 as seconds"
    let seconds = try connection.query(sql).first?.text("seconds")
    guard let value = seconds.flatMap(Double.init), value > 0 else {
      throw PostgresError.unexpectedResult("the setting lease is no interval")
    }
    return value
  }

  // MARK: Checkpoints

  /// - Returns: false when the claim was lost; nothing was written then.
  public func save(_ reading: SavedReading, job: Int, fence: Int) throws -> Bool {
    let page = reading.pages.last
    return try one(
      PackageResources.save_checkpoint_sql,
      [
        .integer(job), .integer(fence), .text(reading.key), .integer(reading.tokens),
        .text(String(reading.seconds)), .text(reading.isa),
        .bytes(reading.state.payload), .integer(reading.state.rawBytes),
        .text(reading.state.sha256),
        page.map { .integer($0.firstToken) } ?? .null, page.map { .integer($0.endToken) } ?? .null,
        page.map { .bytes($0.data.payload) } ?? .null,
        page.map { .integer($0.data.rawBytes) } ?? .null,
        page.map { .text($0.data.sha256) } ?? .null,
      ]
    ).boolean("accepted")
  }

  /// The job's last checkpoint with all its pages, if it has this key.
  public func savedReading(job: Int, fence: Int, key: String) throws -> SavedReading? {
    let claim: [Parameter] = [.integer(job), .integer(fence)]
    guard
      let row = try call(PackageResources.load_checkpoint_sql, claim + [.text(key)], binary: true)
        .first
    else { return nil }
    let pages = try call(PackageResources.load_checkpoint_pages_sql, claim, binary: true).map {
      row in
      SavedReading.Page(
        firstToken: try row.integer("first_token"), endToken: try row.integer("end_token"),
        data: CompressedBytes(
          payload: try row.bytes("data"), rawBytes: try row.integer("raw_bytes"),
          sha256: try row.text("sha256")))
    }

    return SavedReading(
      key: key, tokens: try row.integer("tokens"), seconds: Double(try row.text("seconds")) ?? 0,
      number: try row.integer("number"),
      isa: try row.text("isa"),
      state: CompressedBytes(
        payload: try row.bytes("state"), rawBytes: try row.integer("raw_bytes"),
        sha256: try row.text("sha256")),
      pages: pages)
  }
}
