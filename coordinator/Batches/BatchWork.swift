import Foundation
import HTTPTypes
import Jobs
import Logging
import ServiceLifecycle

/// Brings batches on: validates them, orders their lines, and writes what came of them. Each step
/// may be repeated, so another coordinator goes on where one ended.
struct BatchWork: Service {
  private static let pause = 1.0
  /// Seconds until a batch whose jobs are being read is looked at again.
  private static let patience = 1.0
  /// Seconds of work on one batch before others have their turn.
  private static let turn = 10.0
  /// What people wait for goes first.
  private static let priority = -10
  private static let mostErrors = 100

  let pool: DatabasePool
  let orders: AnswerOrders
  let output: BatchOutput
  let logger: Logger

  func run() async throws {
    await Repeating.run("bringing batches on", everySeconds: Self.pause, logger) {
      for batch in try await pool.run({ try $0.serviceUpkeep.takeBatches() }) {
        await step(batch)
      }
      return false
    }
  }

  private func step(_ taken: ServiceUpkeep.OpenBatch) async {
    var wait = Self.patience
    do {
      wait = try await advance(taken) ? 0 : Self.patience
    } catch {
      logger.error("a batch stands still", metadata: ["batch": "\(taken.id)", "error": "\(error)"])
      wait = 10
    }
    let seconds = wait
    try? await pool.run { try $0.serviceUpkeep.letGo(batch: taken.id, againAfter: seconds) }
  }

  /// - Returns: whether there is more to do at once.
  private func advance(_ taken: ServiceUpkeep.OpenBatch) async throws -> Bool {
    let (id, tenant) = (taken.id, taken.tenant)
    guard let batch = try await pool.run(for: tenant, { try $0.batch(id) }) else { return false }
    switch batch.status {
    case "validating":
      if try await expire(batch, tenant) { return true }
      try await validate(batch, tenant)
    case "in_progress":
      if try await expire(batch, tenant) { return true }
      if batch.ordered < batch.total { return try await order(batch, tenant) }
      guard try await pool.run(for: tenant, { try $0.openLines(of: id) }) == 0 else { return false }
      _ = try await pool.run(for: tenant) {
        try $0.set(batch: id, from: ["in_progress"], to: "finalizing")
      }
    case "finalizing": try await finalize(batch, as: "completed", tenant)
    case "cancelling":
      // What was ordered while it was being cancelled is stopped too.
      _ = try await pool.run(for: tenant) { try $0.cancel(batch: id) }
      guard try await pool.run(for: tenant, { try $0.openLines(of: id) }) == 0 else { return false }
      let isExpired = batch.times["expired_at"] != nil
      try await finalize(batch, as: isExpired ? "expired" : "cancelled", tenant)
    default: return false
    }
    return true
  }

  /// The next step stops what is not answered, as for a batch that is cancelled.
  private func expire(_ batch: Batch, _ tenant: String) async throws -> Bool {
    guard let end = batch.times["expires_at"], Double(end) < Date().timeIntervalSince1970 else {
      return false
    }
    return try await pool.run(for: tenant) { try $0.expire(batch: batch.id) }
  }

  /// Goes through a batch's lines, and stops where the body says so.
  private func forEachLine(
    _ batch: Batch, _ tenant: String, _ body: (BatchLines.Line) async throws -> Bool
  ) async throws {
    let places = try await pool.run(for: tenant) { try $0.pieces(of: batch.inputFile) }
    var lines = BatchLines()
    for place in places {
      guard let piece = try await pool.run(for: tenant, { try $0.piece(place) }) else { return }
      for line in try lines.take(piece) where try await !body(line) { return }
    }
    for line in lines.finish() where try await !body(line) { return }
  }

  // MARK: Steps

  private func validate(_ batch: Batch, _ tenant: String) async throws {
    var errors: [LineError] = []
    var ids: Set<String> = []
    var model: String?
    do {
      guard let file = try await pool.run(for: tenant, { try $0.file(batch.inputFile) }) else {
        throw LineError(code: "missing_file", message: "The input file is gone.")
      }
      guard file.bytes <= BatchLines.mostBytes else {
        throw LineError(code: "too_large", message: "The input file is larger than 200 MiB.")
      }
      try await forEachLine(batch, tenant) { line in
        do {
          let request = try BatchRequest(line, endpoint: batch.endpoint)
          model = model ?? request.body["model"].string
          guard ids.insert(request.customID).inserted else {
            throw LineError(
              line: line.number, code: "duplicate_custom_id",
              message: "The custom_id came before.", param: "custom_id")
          }
        } catch let error as LineError {
          errors.append(error)
        }
        return errors.count < Self.mostErrors && line.number <= BatchLines.most
      }
      if ids.isEmpty, errors.isEmpty {
        throw LineError(code: "empty_file", message: "The input file has no lines.")
      }
      if ids.count > BatchLines.most {
        throw LineError(code: "too_many", message: "There are more than 50,000 lines.")
      }
    } catch let error as LineError {
      errors.append(error)
    }
    let (total, name) = (ids.count, model)
    let found = JSON.array(errors.map(\.json)).text
    let isWrong = !errors.isEmpty
    try await pool.run(for: tenant) { session in
      if isWrong {
        try session.fail(batch: batch.id, errors: found)
        try session.announce("batch.failed", batch.id)
      } else {
        try session.begin(batch: batch.id, total: total, model: name)
      }
    }
  }

  /// Orders lines for a while.
  /// - Returns: false where the tenant has so much queued that more has to wait.
  private func order(_ batch: Batch, _ tenant: String) async throws -> Bool {
    let key = APIKey(id: batch.id, tenant: tenant, name: "batch", scopes: [.submit])
    let begun = ContinuousClock.now
    var isFull = false
    try await forEachLine(batch, tenant) { line in
      if line.number <= batch.ordered { return true }
      do {
        try await order(line, batch, key)
      } catch let error as APIError where error.status == .tooManyRequests {
        isFull = true
        return false
      }
      return (ContinuousClock.now - begun) / .seconds(1) < Self.turn
    }
    return !isFull
  }

  /// The same however often the step is repeated.
  private static func requestID(_ line: BatchLines.Line, _ batch: Batch) -> String {
    "batch_req_" + batch.id.dropFirst("batch_".count) + "_\(line.number)"
  }

  /// A line as a job, noted with it; what is wrong with it is its own error, and nobody else's.
  private func order(_ line: BatchLines.Line, _ batch: Batch, _ key: APIKey) async throws {
    let id = Self.requestID(line, batch)
    var name = ""
    do {
      let request = try BatchRequest(line, endpoint: batch.endpoint)
      name = request.customID
      let customID = name
      _ = try await orders.order(
        try await AskedShape.queue.run { try request.asked(batch.endpoint) }, prefix: "", id: id,
        priority: Self.priority, key
      ) { ordered, session in
        let made = BatchLine(
          line: line.number, customID: customID, request: id, job: ordered.job, error: nil,
          state: nil)
        try session.add(lines: [made], to: batch.id)
      }
    } catch {
      let problem = APIError(error)
      // Only what would go wrong again is the line's own fault.
      if [.tooManyRequests, .serviceUnavailable, .internalServerError].contains(problem.status) {
        throw error
      }
      let told: JSON = [
        "code": .string(problem.code ?? "invalid_request"), "message": .string(problem.message),
      ]
      let failed = BatchLine(
        line: line.number, customID: name, request: id, job: nil, error: told.text, state: nil)
      try await note([failed], batch, key.tenant)
    }
  }

  private func note(_ lines: [BatchLine], _ batch: Batch, _ tenant: String) async throws {
    guard !lines.isEmpty else { return }
    try await pool.run(for: tenant) { try $0.add(lines: lines, to: batch.id) }
  }

  /// Lines that never became jobs are told, too.
  private func giveUp(_ batch: Batch, _ status: String, _ tenant: String) async throws {
    var lines: [BatchLine] = []
    let error: JSON = [
      "code": .string("batch_" + status), "message": .string("The batch was \(status) before."),
    ]
    try await forEachLine(batch, tenant) { line in
      if line.number <= batch.ordered { return true }
      let request = try? BatchRequest(line, endpoint: batch.endpoint)
      lines.append(
        BatchLine(
          line: line.number, customID: request?.customID ?? "",
          request: Self.requestID(line, batch), job: nil, error: error.text, state: nil))
      if lines.count >= 1000 {
        try await note(lines, batch, tenant)
        lines = []
      }
      return true
    }
    try await note(lines, batch, tenant)
  }

  private func finalize(_ batch: Batch, as status: String, _ tenant: String) async throws {
    let key = APIKey(id: batch.id, tenant: tenant, name: "batch", scopes: [.submit])
    if batch.ordered < batch.total { try await giveUp(batch, status, tenant) }
    let files = try await output.write(batch, as: status, key) {
      try await pool.run { try $0.serviceUpkeep.letGo(batch: batch.id, againAfter: 60) }
    }
    let before = status == "completed" ? "finalizing" : "cancelling"
    // All at once: whoever did the same meanwhile was first, and this is left to upkeep.
    try await pool.run(for: tenant) { session in
      guard try session.set(batch: batch.id, from: [before], to: status) else { return }
      try session.set(
        batch: batch.id,
        outputFile: try files.answers.map { try BatchOutput.add($0, "output", batch, session) },
        errorFile: try files.errors.map { try BatchOutput.add($0, "error", batch, session) })
      try session.announce("batch." + status, batch.id)
    }
  }
}
