import Answering
import Digests
import Documents
import Foundation
import Inference
import Jobs
import Logging
import Reading
import Results
import Retrieval
import Schemas

/// One claimed job from its document to its result, with checkpoints on the way.
struct JobReading {
  /// How long a reading that has to stop tries to save itself.
  private static let lastSavePatience = 10.0

  private let job: ClaimedJob
  private let settings: WorkerSettings
  private let models: ModelShelf
  private let heartbeat: Heartbeat
  private let stop: StopSignal
  private let logger: Logger

  init(
    _ job: ClaimedJob, _ settings: WorkerSettings, _ models: ModelShelf,
    _ heartbeat: Heartbeat, _ stop: StopSignal, _ logger: Logger
  ) {
    self.job = job
    self.settings = settings
    self.models = models
    self.heartbeat = heartbeat
    self.stop = stop
    self.logger = logger
  }

  /// Reads and answers, from the last checkpoint on if there is one that fits.
  /// - Parameter saved: gives the job's checkpoint of a key.
  /// - Throws: `ReadingError.stopped`, `JobError`; what the model or the document throws.
  func record(
    resuming saved: (_ claim: Claim, _ key: String) throws -> Checkpoint?
  ) throws -> ResultRecord {
    let wishes = JobWishes(job: job)
    let task = try wishes.task()
    let document = try job.document()
    let options = try wishes.options()
    let model = try models.model(named: job.model)
    let key = job.readingKey(
      modelSHA256: model.info.sha256, format: ReadingArchive.version,
      focus: options.isFocused ? job.question : nil,
      writing: Self.writing(task, options, model.answerer.route))
    let reading = Prepared(
      document: document, task: task, options: options, model: model, key: key)
    guard let earlier = try saved(job.claim, key), let point = resumePoint(earlier) else {
      return try record(reading, nil)
    }

    do {
      heartbeat.resumed(at: point.tokens)
      logger.notice("resuming", metadata: ["job": "\(job.id)", "tokens": "\(point.tokens)"])
      return try record(reading, (earlier, point))
    } catch let error as StateArchiveError {
      logger.error(
        "the checkpoint cannot be used; reading from the beginning",
        metadata: ["job": "\(job.id)", "error": "\(error)"])
      heartbeat.resumed(at: 0)
      return try record(reading, nil)
    }
  }

  /// What a reading needs, whether it is resumed or not.
  private struct Prepared {
    let document: Document
    let task: ReadingTask
    let options: AnswerOptions
    let model: ModelShelf.Loaded
    /// Of checkpoints that fit.
    let key: String
  }

  /// What the reading's state depends on besides the document: what is written on the way, and an
  /// opening that may tell the model to think.
  private static func writing(
    _ task: ReadingTask, _ options: AnswerOptions, _ usual: AnswerRoute
  ) -> String? {
    var options = options
    options.route = options.route ?? usual
    if task == .chat {
      let tools = options.tools.map { SHA256.hex(of: "\($0)") } ?? ""
      return
        "chat \(options.instructions ?? "") \(options.turns) \(options.thinkTokens ?? -1) \(tools)"
    }
    if let tools = options.tools {
      return
        "tools \(SHA256.hex(of: "\(tools)")) \(options.thinkTokens.map { "think \($0 > 0)" } ?? "")"
    }
    if case .extract(let schema, let wish) = task, let kind = options.each {
      return
        "each \(kind) \(SHA256.hex(of: schema.tree.text)) \(wish?.text ?? "") \(options.description)"
    }
    if task.isOfWholeText { return "synopses \(options.description)" }
    return options.thinkTokens.map { "think \($0 > 0)" }
  }

  private func resumePoint(_ saved: Checkpoint) -> ResumePoint? {
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
    _ reading: Prepared, _ resumed: (checkpoint: Checkpoint, point: ResumePoint)?
  ) throws -> ResultRecord {
    let keeper = Keeper(
      settings.connect, job.claim, modelSHA256: reading.model.info.sha256, cache: settings.cache,
      keeps: try job.parameters().keep ?? true, logger: logger)
    let checkpointer = Checkpointer(
      settings.connect, job.claim, key: reading.key,
      pagedTo: resumed?.checkpoint.pages.last?.endToken ?? 0,
      interval: settings.checkpointInterval, logger: logger, metrics: settings.metrics,
      lost: heartbeat.lost)
    let control = control(checkpointer, keeper, resumed?.point)
    let told = try tell(reading, control)
    keeper.drain()

    var figures = told.figures
    figures.checkpoints = (resumed?.checkpoint.number ?? 0) + checkpointer.saved
    figures.checkpointSeconds = checkpointer.seconds
    figures.kept = keeper.isKept
    if let note = keeper.note { figures.notes = (figures.notes ?? []) + [note] }
    if let isa = resumed?.checkpoint.isa, isa != ComputeBackend.isa {
      let note = "resumed with \(ComputeBackend.isa) kernels from a checkpoint of \(isa) kernels"
      figures.notes = (figures.notes ?? []) + [note]
    }

    return ResultRecord(
      task: try job.task().rawValue, question: job.question,
      document: .init(
        name: job.documentName, sha256: job.sha256, bytes: job.bytes, tokens: told.tokens,
        source: try job.source().map {
          .init(type: $0.type, bytes: $0.bytes, sha256: $0.sha256)
        }),
      answer: told.text, answeredFrom: told.answer?.source,
      reasoning: told.answer.flatMap { $0.reasoning.isEmpty ? nil : $0.reasoning },
      supported: told.answer?.isSupported ?? true, evidence: told.answer?.evidence ?? [],
      outline: told.answer.flatMap { $0.outline.isEmpty ? nil : $0.outline },
      extraction: told.answer?.extraction?.value, fields: told.answer?.extraction?.fields,
      calls: told.answer.flatMap { $0.calls.isEmpty ? nil : $0.calls },
      candidates: told.answer.flatMap(Self.candidates),
      answers: told.answers, model: reading.model.info, reading: figures, worker: settings.name,
      notes: try job.parameters().documentNotes, uncertain: told.answer?.isUncertain ?? false)
  }

  /// What came of a reading: one answer or summary, or the answers to many questions.
  private struct Told {
    let text: String
    let tokens: Int
    let figures: ReadingFigures
    var answer: Answer?
    var answers: [ResultRecord.AnswerInfo]?
  }

  /// A part's data as a row.
  private func info(_ part: ExtractedPart, _ answer: Answer) -> ResultRecord.AnswerInfo {
    ResultRecord.AnswerInfo(
      id: part.title, question: job.question ?? "", answer: part.problem ?? part.text,
      answeredFrom: answer.source, supported: part.fields.contains(where: \.supported),
      uncertain: false, evidence: part.fields.compactMap(\.quote), extraction: part.value,
      fields: part.fields)
  }

  private static func candidates(_ answer: Answer) -> [ResultRecord.CandidateInfo]? {
    answer.weighed.isEmpty
      ? nil
      : answer.weighed.map {
        ResultRecord.CandidateInfo(
          answer: $0.text, energy: $0.energy, document: $0.terms.document, prior: $0.terms.prior,
          disagreement: $0.terms.disagreement, unsupported: $0.terms.unsupported)
      }
  }

  private func tell(_ reading: Prepared, _ control: ReadingControl) throws -> Told {
    guard let asked = try job.parameters().questions, !asked.isEmpty else {
      let answer = try reading.model.answerer.read(
        reading.document, task: reading.task, options: reading.options, control: control)
      return Told(
        text: answer.text, tokens: answer.documentTokens, figures: answer.figures, answer: answer,
        answers: answer.parts.isEmpty ? nil : answer.parts.map { info($0, answer) })
    }
    return try tell(asked, reading, control)
  }

  private func tell(
    _ asked: [AskedQuestion], _ reading: Prepared, _ control: ReadingControl
  ) throws -> Told {
    // The same reading with other limits gives other answers.
    let key = SHA256.hex(of: "\(reading.key) \(reading.options.description)")
    var infos = noted(key)
    if infos.map(\.id) != asked.prefix(infos.count).map(\.id) { infos = [] }
    var control = control
    control.writing = { [heartbeat] count, _ in
      heartbeat.wrote(count, "answered \(infos.count) of \(asked.count)")
    }
    let (tokens, figures) = try reading.model.answerer.read(
      reading.document, questions: asked.map { Question($0.question) }, known: infos.count,
      options: reading.options, control: control
    ) { answers in
      let new = zip(asked.dropFirst(infos.count), answers).map(Self.info)
      save(new, from: infos.count + 1, key)
      infos += new
    }
    let supported = infos.count(where: \.supported)
    return Told(
      text: "\(infos.count) questions, \(supported) answered", tokens: tokens, figures: figures,
      answers: infos)
  }

  /// What an outage hides is answered once more.
  private func noted(_ key: String) -> [ResultRecord.AnswerInfo] {
    do {
      return try settings.connect().answers(of: job.claim, key: key)
    } catch {
      logger.warning(
        "noted answers not found", metadata: ["job": "\(job.id)", "error": "\(error)"])
      return []
    }
  }

  /// What cannot be noted now comes with the result.
  private func save(_ answers: [ResultRecord.AnswerInfo], from first: Int, _ key: String) {
    do {
      let isHeld = try settings.connect().save(answers, from: first, job.claim, key: key)
      if !isHeld { heartbeat.lost(job.claim) }
    } catch {
      logger.warning("answers not noted", metadata: ["job": "\(job.id)", "error": "\(error)"])
    }
  }

  private static func info(
    _ question: AskedQuestion, _ answer: Answer
  ) -> ResultRecord.AnswerInfo {
    ResultRecord.AnswerInfo(
      id: question.id, question: question.question, answer: answer.text,
      answeredFrom: answer.source, supported: answer.isSupported, uncertain: answer.isUncertain,
      evidence: answer.evidence)
  }

  private func control(
    _ checkpointer: Checkpointer, _ keeper: Keeper, _ point: ResumePoint?
  ) -> ReadingControl {
    var control = ReadingControl()
    control.resume = point
    control.progress = { [heartbeat] in heartbeat.progress($0, $1) }
    control.begins = { keeper.begins($0) }
    control.kept = { [heartbeat] trail in
      let point = keeper.find(trail)
      if let point { heartbeat.resumed(at: point.tokens) }
      return point
    }
    control.keptIsUnusable = { [heartbeat] in
      keeper.unusable($0)
      heartbeat.resumed(at: 0)
    }
    control.blockClosed = {
      checkpointer.offer($0)
      keeper.offer($0)
    }
    control.readingEnded = {
      keeper.ended($0)
      checkpointer.offer($0, isLast: true)
    }
    control.writing = { [heartbeat] in heartbeat.wrote($0, $1) }
    control.shouldStop = { [heartbeat, stop, pulse = settings.pulse] in
      heartbeat.step()
      pulse.beat()
      heartbeat.waitWhileUnheard(isOver: {
        pulse.beat()
        return stop.isRequested
      })
      return stop.isRequested || heartbeat.verdict != .going || heartbeat.refusal != nil
    }
    control.stopping = { [heartbeat] moment in
      // Nobody goes on with a cancelled job, and a lost one is another's.
      guard moment.tokens > 0, ![.cancel, .lost].contains(heartbeat.verdict) else { return }
      checkpointer.save(moment, patience: Self.lastSavePatience)
    }

    return control
  }
}
