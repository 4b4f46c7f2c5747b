import Documents
import Foundation
import Inference
import Jobs
import Logging
import Postgres
import Reading
import Results

/// claim -> read -> answer -> complete, on the main thread: libpq and inference both
/// block, and neither may hold a thread of Swift's cooperative pool.
final class WorkerLoop {
  private static let pollSeconds = 0.5
  private static let reconnectSeconds = 2.0
  /// How long a worker that is told to stop still tries to write; then rescue frees its job.
  private static let stoppingSeconds = 20.0
  /// Before a job is tried elsewhere that this host cannot do.
  private static let elsewhereSeconds = 15.0

  private let url: String
  private let name: String
  private let id = UUID()
  private let models: ModelShelf
  private let stop: StopSignal
  private let heartbeat: Heartbeat
  private let logger: Logger
  private var queue: JobQueue

  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  init(url: String, name: String, models: ModelShelf, stop: StopSignal, logger: Logger) throws {
    self.url = url
    self.name = name
    self.models = models
    self.stop = stop
    self.logger = logger
    queue = try JobQueue(url: url)
    heartbeat = Heartbeat(url: url, worker: id, name: name, logger: logger)
  }

  /// Works until it is told to stop, or for one job.
  func run(once: Bool) throws {
    logger.info("worker started", metadata: ["name": "\(name)", "models": "\(models.names.joined(separator: ","))"])
    heartbeat.start()
    defer { heartbeat.stop() }
    while !stop.isRequested {
      do {
        if let job = try queue.claim(worker: id, models: models.names, takesPaths: models.takesPaths) {
          try work(on: job)
          if once { break }
        } else if once {
          break
        } else {
          Thread.sleep(forTimeInterval: Self.pollSeconds)
        }
      } catch let error as PostgresError {
        logger.warning("database error", metadata: ["error": "\(error)"])
        if once { throw error }
        reconnect()
      }
    }
    logger.info("worker stopped", metadata: ["name": "\(name)"])
  }

  private func work(on job: ClaimedJob) throws {
    logger.info("reading", metadata: ["job": "\(job.id)", "fence": "\(job.fence)", "document": "\(job.documentName)"])
    heartbeat.follow(job)
    defer { heartbeat.follow(nil) }
    do {
      try finish(job, with: try record(of: job))
    } catch ReadingError.stopped {
      try giveUp(job)
    } catch let error as PostgresError {
      throw error
    } catch let error where Self.isHostsFault(error) {
      _ = try persistently {
        try $0.release(job: job.id, fence: job.fence, delaySeconds: Self.elsewhereSeconds, reason: "\(name): \(error)")
      }
      logger.error("this host cannot do the job", metadata: ["job": "\(job.id)", "error": "\(error)"])
    } catch {
      // The same document and model give the same error again.
      let state = try persistently { try $0.fail(job: job.id, fence: job.fence, message: "\(error)", retryable: false) }
      logger.error("job failed", metadata: ["job": "\(job.id)", "error": "\(error)", "state": "\(state)"])
    }
  }

  /// Another host may have the model or the library that this one lacks.
  private static func isHostsFault(_ error: any Error) -> Bool {
    if case ModelError.libraryUnavailable = error { return true }
    return error is ModelShelf.Unavailable
  }

  private func record(of job: ClaimedJob) throws -> ResultRecord {
    let (reader, info) = try models.reader(for: job.model)
    let parts = try JSONDecoder().decode([Document.Part].self, from: Data(job.partsJSON.utf8))
    let document = Document(name: job.documentName, text: job.text, parts: parts)
    let task: ReadingTask = job.task == "ask" ? .ask(question: job.question ?? "") : .summarize()
    let answer = try reader.read(
      document, task: task,
      control: ReadingControl(
        progress: { [heartbeat] in heartbeat.progress($0, $1) },
        shouldStop: { [heartbeat, stop] in stop.isRequested || heartbeat.verdict != .going }))
    return ResultRecord(
      task: job.task, question: job.question,
      document: .init(name: job.documentName, sha256: job.sha256, bytes: job.bytes, tokens: answer.documentTokens),
      answer: answer.text, supported: answer.isSupported, evidence: answer.evidence, model: info, reading: answer.figures, worker: name)
  }

  private func finish(_ job: ClaimedJob, with record: ResultRecord) throws {
    let accepted = try persistently { try $0.complete(job: job.id, fence: job.fence, record: record) }
    logger.info(accepted ? "completed" : "result refused: the claim was lost", metadata: ["job": "\(job.id)"])
  }

  /// The reading stopped before its end: why decides what becomes of the job.
  private func giveUp(_ job: ClaimedJob) throws {
    switch heartbeat.verdict {
    case .cancel:
      _ = try persistently { try $0.confirmCancel(job: job.id, fence: job.fence) }
      logger.info("cancelled", metadata: ["job": "\(job.id)"])
    case .lost:
      logger.warning("claim lost", metadata: ["job": "\(job.id)"])
    case .going:
      _ = try persistently { try $0.release(job: job.id, fence: job.fence) }
      logger.info("released", metadata: ["job": "\(job.id)"])
    }
  }

  /// Repeats a fenced write through outages: it has its effect once at most.
  private func persistently<Result>(_ write: (JobQueue) throws -> Result) throws -> Result {
    var deadline: Date?
    while true {
      do {
        return try write(queue)
      } catch let error as PostgresError where error.isTransient {
        logger.warning("the database cannot take it now, trying again", metadata: ["error": "\(error)"])
        if stop.isRequested {
          let limit = deadline ?? Date().addingTimeInterval(Self.stoppingSeconds)
          deadline = limit
          if Date() > limit { throw error }
        }
        reconnect()
      }
    }
  }

  private func reconnect() {
    Thread.sleep(forTimeInterval: Self.reconnectSeconds)
    if let fresh = try? JobQueue(url: url) { queue = fresh }
  }
}
