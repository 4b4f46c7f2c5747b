import Digests
import Documents
import Foundation
import Jobs
import Logging
import Postgres
import Reading
import Results
import Synchronization
import TestSupport
import Testing

@testable import docproc_worker

/// The worker's loop over a queue in memory: no database, no process, no model.
@Suite struct WorkerLoopTests {
  private let store = MemoryQueue.Store()
  private let directory: TemporaryDirectory
  private let settings: WorkerSettings
  private let claim = Claim(job: 1, fence: 7)

  init() throws {
    directory = try TemporaryDirectory()
    settings = WorkerSettings(
      name: "w", spool: directory.path + "/spool", connect: { [store] in MemoryQueue(store) })
  }

  private func job(
    task: String = "summarize", parts: String = "[]", parameters: String = "{}"
  ) -> ClaimedJob {
    ClaimedJob(
      claim: claim, task: task, question: nil, model: "m", documentName: "a.txt", text: "A text.",
      parts: parts, parameters: parameters, sha256: SHA256.hex(of: "A text."), bytes: 7)
  }

  private var record: ResultRecord {
    ResultRecord(
      task: "summarize", question: nil,
      document: .init(name: "a.txt", sha256: "0", bytes: 7, tokens: 2), answer: "yes",
      supported: true, evidence: [], model: .init(name: "m", sha256: "1"),
      reading: ReadingFigures(), worker: "w")
  }

  private func run(_ read: @escaping WorkerLoop.Reader) throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    try WorkerLoop(
      settings, models: { ["m"] }, takesPaths: false, stop: StopSignal(), logger: logger,
      read: read
    ).run(once: true)
  }

  private var spooled: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: settings.spool)) ?? []
  }

  /// What was said about jobs, without the thread's own calls.
  private var told: [MemoryQueue.Call] {
    store.calls.filter { ![.beat, .swept, .forgot].contains($0) }
  }

  @Test func aFinishedReadingIsCompletedOnceAndLeavesNothingBehind() throws {
    store.add(job())
    try run { _, _, _ in record }
    #expect(told == [.completed(claim)])
    #expect(spooled.isEmpty)
  }

  @Test(.timeLimit(.minutes(1)))
  func aWorkerThatTheSchemaWentBeyondGivesItsJobBackAndEnds() throws {
    store.state.withLock { $0.lease = 5 }
    store.add(job())
    #expect(throws: PostgresError.newerDatabase(version: 99, known: 13)) {
      try run { [store] _, heartbeat, _ in
        store.state.withLock { $0.schemaError = .newerDatabase(version: 99, known: 13) }
        while heartbeat.refusal == nil { Thread.sleep(forTimeInterval: 0.05) }
        throw ReadingError.stopped
      }
    }
    let reason = "w cannot work: \(PostgresError.newerDatabase(version: 99, known: 13))"
    #expect(told == [.released(claim, delaySeconds: 0, reason: reason)])
  }

  @Test func processesThatHaveEndedAreToldFromThoseThatLive() throws {
    let own = Int(ProcessInfo.processInfo.processIdentifier)
    #expect(!ProcessPlace.hasEnded(own, name: ProcessPlace.name))
    #expect(ProcessPlace.hasEnded(own, name: "docproc-worker"), "another program has its id now")
    #expect(ProcessPlace.hasEnded(4_194_305, name: "docproc-worker"), "ids end before that")
    #expect(ProcessPlace.here?.contains("pid:[") == true)
  }

  @Test(arguments: [
    (86_400.0, 2.0, 587.9), (86_400, 20, 600), (3_600, 0.01, 30), (7_200, 1, 120),
  ])
  func checkpointsLieAsFarApartAsCostsLeast(life: Double, cost: Double, seconds: Double) {
    let interval = CheckpointInterval(lifeSeconds: life)
    #expect(abs(interval.seconds(cost: cost) - seconds) < 0.1)
    #expect(CheckpointInterval(lifeSeconds: life, fixed: 7).seconds(cost: cost) == 7)
  }

  @Test func aResultWaitsOnTheDiskUntilTheDatabaseHasIt() throws {
    store.add(job())
    store.state.withLock {
      $0.completeError = .query(sqlState: "42501", message: "no", hint: nil)
    }
    #expect(throws: PostgresError.self) { try run { _, _, _ in record } }
    #expect(spooled == ["memory-7.result"])

    store.state.withLock { $0.completeError = nil }
    try run { _, _, _ in throw ReadingError.nothingToRead }
    #expect(told == [.completed(claim)], "offered by the next worker of the host")
    #expect(spooled.isEmpty)
  }

  @Test func aResultThatTheDatabaseNeverTakesFailsTheJob() throws {
    store.add(job())
    let refusal = PostgresError.query(sqlState: "22P05", message: "no such letter", hint: nil)
    store.state.withLock { $0.completeError = refusal }
    try run { _, _, _ in record }
    #expect(told == [.failed(claim, "the result cannot be stored: \(refusal)")])
    #expect(spooled.isEmpty)
  }

  @Test func aTaskThatThisWorkerDoesNotKnowIsGivenBack() throws {
    store.add(job(task: "translate"))
    let models = ModelShelf(only: "m", below: [], threads: 1)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    try run { job, heartbeat, saved in
      try JobReading(job, settings, models, heartbeat, StopSignal(), logger).record(resuming: saved)
    }
    let reason = "w: this docproc does not know the task translate; it needs a newer one"
    let delay = WorkerDecision.elsewhereSeconds
    #expect(told == [.released(claim, delaySeconds: delay, reason: reason)])
  }

  @Test func malformedPartsFailTheJobAndNotTheWorker() throws {
    store.add(job(parts: #"[{"path": 3}]"#))
    try run { job, _, _ in
      _ = try job.document()
      return record
    }
    guard case .failed(let failed, let message) = told.first else {
      Issue.record("\(told)")
      return
    }
    #expect(failed == claim && message.contains("parts"))
  }

  @Test func parametersThatCannotBeMetFailTheJobInWords() throws {
    let models = ModelShelf(only: "m", below: [], threads: 1)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    for (given, word) in [
      (#"{"from": "dreams"}"#, "from is dreams"),
      (#"{"max_answer_tokens": 0}"#, "max_answer_tokens is 0"),
      (#"{"focused": "very"}"#, "parameters"),
    ] {
      store.add(job(parameters: given))
      try run { job, heartbeat, saved in
        try JobReading(job, settings, models, heartbeat, StopSignal(), logger)
          .record(resuming: saved)
      }
      guard case .failed(let failed, let message) = told.last else {
        Issue.record("\(told)")
        return
      }
      #expect(failed == claim && message.contains(word), "\(message)")
    }
  }

  @Test func aParameterThatThisWorkerDoesNotKnowIsGivenBack() throws {
    store.add(job(parameters: #"{"patience": 3}"#))
    let models = ModelShelf(only: "m", below: [], threads: 1)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    try run { job, heartbeat, saved in
      try JobReading(job, settings, models, heartbeat, StopSignal(), logger).record(resuming: saved)
    }
    let reason = "w: this docproc does not know the parameter patience; it needs a newer one"
    let delay = WorkerDecision.elsewhereSeconds
    #expect(told == [.released(claim, delaySeconds: delay, reason: reason)])
  }

  @Test func aParameterOfAnotherTaskIsNotPassedOver() throws {
    for parameters in [
      #"{"effort": 3}"#, #"{"each": "page"}"#, #"{"schema": {}}"#, #"{"tools": []}"#,
    ] {
      let wishes = JobWishes(job: job(parameters: parameters))
      #expect(throws: JobError.self) { try wishes.options() }
    }
  }

  @Test func outagesAreWaitedOut() throws {
    store.add(job())
    store.state.withLock { $0.claimErrors = [.unreachable("gone"), .unreachable("gone")] }
    try run { _, _, _ in record }
    #expect(told == [.completed(claim)])
  }

  @Test func aWishReachesTheReadingThroughTheHeartbeat() throws {
    store.add(job())
    store.state.withLock {
      $0.verdict = .cancel
      $0.lease = 0.5
    }
    try run { _, heartbeat, _ in
      while heartbeat.verdict == .going { Thread.sleep(forTimeInterval: 0.01) }
      throw ReadingError.stopped
    }
    #expect(told == [.cancelled(claim)])
  }

  @Test func whatIsWrittenIsReportedWhileItIsWritten() throws {
    store.add(job())
    store.state.withLock { $0.lease = 0.2 }
    try run { _, heartbeat, _ in
      heartbeat.wrote(12, "It was\0 a")
      let deadline = Date().addingTimeInterval(5)
      while store.state.withLock({ $0.progress.writtenTokens }) == 0, Date() < deadline {
        Thread.sleep(forTimeInterval: 0.01)
      }
      return record
    }
    #expect(store.state.withLock { $0.progress.written } == "It was a")
  }

  @Test func theHeartbeatGoesOnWhileUpkeepTakesItsTime() throws {
    store.add(job())
    store.state.withLock {
      $0.lease = 0.2
      $0.sweepSeconds = 1.5
    }
    try run { _, _, _ in
      while store.count(.swept) == 0 { Thread.sleep(forTimeInterval: 0.01) }
      let before = store.count(.beat)
      Thread.sleep(forTimeInterval: 1)
      #expect(store.count(.beat) - before > 10, "a beat every 0.04 s")
      return record
    }
  }

  @Test func upkeepThatFailsWaitsForItsNextTurn() throws {
    store.add(job())
    store.state.withLock {
      $0.lease = 2
      $0.sweepError = .unreachable("gone")
    }
    try run { _, _, _ in
      Thread.sleep(forTimeInterval: 2)
      return record
    }
    // Turns come every 0.2 s, the first within a second.
    #expect((1...11).contains(store.count(.swept)))
    #expect(told == [.completed(claim)])
  }
}
