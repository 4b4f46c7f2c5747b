import Digests
import Documents
import Foundation
import Inference
import Jobs
import Logging
import Postgres
import Reading
import Results

/// One claimed job from its document to its result, with checkpoints on the way.
struct JobReading {
  /// How long a reading that has to stop tries to save itself.
  private static let lastSavePatience = 10.0

  private let job: ClaimedJob
  private let settings: WorkerLoop.Settings
  private let models: ModelShelf
  private let heartbeat: Heartbeat
  private let stop: StopSignal
  private let logger: Logger

  init(
    _ job: ClaimedJob, _ settings: WorkerLoop.Settings, _ models: ModelShelf,
    _ heartbeat: Heartbeat, _ stop: StopSignal, _ logger: Logger
  ) {
    self.job = job
    self.settings = settings
    self.models = models
    self.heartbeat = heartbeat
    self.stop = stop
    self.logger = logger
  }

  /// Another host may have the model or the library that this one lacks.
  static func isHostsFault(_ error: any Error) -> Bool {
    if case ModelError.libraryUnavailable = error { return true }
    return error is ModelShelf.Unavailable
  }

  /// Reads and answers, from the last checkpoint on if there is one that fits.
  /// - Parameter resuming: gives the job's checkpoint of a key.
  /// - Throws: `ReadingError.stopped`; what the model or the document throws.
  func record(resuming saved: (_ job: ClaimedJob, _ key: String) throws -> SavedReading?) throws
    -> ResultRecord
  {
    let (reader, info) = try models.reader(for: job.model)
    let key = self.key(info)
    guard let earlier = try saved(job, key), let point = resumePoint(earlier) else {
      return try record(reader, info, key, nil, nil)
    }
    do {
      heartbeat.resumed(at: point.tokens)
      logger.notice("resuming", metadata: ["job": "\(job.id)", "tokens": "\(point.tokens)"])
      return try record(reader, info, key, earlier, point)
    } catch let error as StateArchiveError {
      logger.error(
        "the checkpoint cannot be used; reading from the beginning",
        metadata: ["job": "\(job.id)", "error": "\(error)"])
      heartbeat.resumed(at: 0)
      return try record(reader, info, key, nil, nil)
    }
  }

  /// What a state depends on: readings of the same key are the same, block by block.
  private func key(_ info: ResultRecord.ModelInfo) -> String {
    let parts = [
      "reading \(StateArchive.version)", info.sha256, job.sha256, job.partsJSON, job.task,
      job.question ?? "",
    ]
    return SHA256.hex(of: parts.map(SHA256.hex(of:)).joined(separator: " "))
  }

  private func resumePoint(_ saved: SavedReading) -> ResumePoint? {
    do {
      return ResumePoint(
        tokens: saved.tokens, seconds: saved.seconds, archive: try saved.state.expanded(),
        pages: try saved.pages.map { try $0.data.expanded() })
    } catch {
      logger.error(
        "the checkpoint is damaged; reading from the beginning",
        metadata: ["job": "\(job.id)", "error": "\(error)"])
      return nil
    }
  }

  private func record(
    _ reader: ModelReader, _ info: ResultRecord.ModelInfo, _ key: String, _ earlier: SavedReading?,
    _ point: ResumePoint?
  ) throws -> ResultRecord {
    let checkpointer = Checkpointer(
      url: settings.url, job: job, key: key, pagedTo: earlier?.pages.last?.endToken ?? 0,
      interval: settings.checkpointSeconds,
      logger: logger, lost: { [heartbeat, fence = job.fence] in heartbeat.lost(fence: fence) })
    let parts = try JSONDecoder().decode([Document.Part].self, from: Data(job.partsJSON.utf8))
    let document = Document(name: job.documentName, text: job.text, parts: parts)
    let answer = try reader.read(document, task: task, control: control(checkpointer, point))
    var figures = answer.figures
    figures.checkpoints = (earlier?.number ?? 0) + checkpointer.saved
    figures.checkpointSeconds = checkpointer.seconds
    if let earlier, earlier.isa != ComputeBackend.isa {
      figures.notes =
        (figures.notes ?? []) + [
          "resumed with \(ComputeBackend.isa) kernels from a checkpoint of \(earlier.isa) kernels"
        ]
    }

    return ResultRecord(
      task: job.task, question: job.question,
      document: .init(
        name: job.documentName, sha256: job.sha256, bytes: job.bytes, tokens: answer.documentTokens),
      answer: answer.text, supported: answer.isSupported, evidence: answer.evidence, model: info,
      reading: figures, worker: settings.name)
  }

  private var task: ReadingTask {
    job.task == "ask" ? .ask(question: job.question ?? "") : .summarize(focus: job.question)
  }

  private func control(_ checkpointer: Checkpointer, _ point: ResumePoint?) -> ReadingControl {
    var control = ReadingControl()
    control.resume = point
    control.progress = { [heartbeat] in heartbeat.progress($0, $1) }
    control.blockClosed = { checkpointer.offer($0) }
    control.shouldStop = { [heartbeat, stop] in
      heartbeat.step()
      heartbeat.waitWhileUnheard(isOver: { stop.isRequested })
      return stop.isRequested || heartbeat.verdict != .going
    }
    control.stopping = { [heartbeat] moment in
      // Nobody goes on with a cancelled job, and a lost one is another's.
      guard moment.tokens > 0, ![.cancel, .lost].contains(heartbeat.verdict) else { return }
      checkpointer.save(moment, patience: Self.lastSavePatience)
    }

    return control
  }
}
