import Inference
import Jobs
import Postgres
import Reading
import Testing

@testable import docproc_worker

/// The worker's rules, as values in and values out.
@Suite struct WorkerDecisionTests {
  private func decide(_ error: any Error, _ verdict: Verdict = .going) -> WorkerDecision {
    WorkerDecision(JobOutcome(error, verdict), worker: "w")
  }

  @Test func aStoppedReadingIsGivenBackUnlessItIsNobodysOrAnothers() {
    let stopped = ReadingError.stopped
    #expect(decide(stopped) == .release(delaySeconds: 0, reason: "w was told to stop"))
    #expect(decide(stopped, .pause) == .release(delaySeconds: 0, reason: nil))
    #expect(decide(stopped, .preempt) == .release(delaySeconds: 0, reason: nil))
    #expect(decide(stopped, .cancel) == .confirmCancel)
    #expect(decide(stopped, .lost) == .letGo, "another may write about the job, this one not")
  }

  @Test func whatThisHostLacksIsTriedElsewhereLater() {
    let faults: [any Error] = [
      JobError.unknownTask("extract"), ModelError.libraryUnavailable("no OpenBLAS"),
      ModelShelf.Unavailable(description: "no model m"),
    ]
    for fault in faults {
      let expected = WorkerDecision.release(
        delaySeconds: WorkerDecision.elsewhereSeconds, reason: "w: \(fault)")
      #expect(decide(fault) == expected)
      #expect(decide(fault).isFailure)
    }
  }

  @Test func anErrorOfTheJobItselfFailsIt() {
    #expect(
      decide(ReadingError.nothingToRead) == .fail(message: "the document's text has no tokens"))
    let parts = JobError.malformedParts(reason: "no path")
    #expect(decide(parts) == .fail(message: "\(parts)"))
  }

  @Test func aDatabaseThatRefusesEndsTheWorkerAndNotTheJob() {
    #expect(decide(PostgresError.query(sqlState: "42501", message: "no", hint: nil)) == .end)
    #expect(decide(PostgresError.newerDatabase(version: 12, known: 10)) == .end)
  }

  @Test func callsAreRepeatedThroughOutagesAndNotForEver() {
    let outage = PostgresError.unreachable("gone")
    let deadlock = PostgresError.query(sqlState: "40P01", message: "deadlock", hint: nil)
    #expect(CallDecision(outage, stoppingFor: nil) == .tryAgain(reconnecting: true))
    #expect(CallDecision(deadlock, stoppingFor: nil) == .tryAgain(reconnecting: false))
    #expect(CallDecision(outage, stoppingFor: 5) == .tryAgain(reconnecting: true))
    #expect(CallDecision(outage, stoppingFor: 21) == .giveUp)
    #expect(CallDecision(.neverMigrated, stoppingFor: nil) == .raise)
    #expect(CallDecision(.neverMigrated, stoppingFor: 21) == .raise)
  }

  @Test func aWishThatNobodyKnowsChangesNothing() {
    #expect(Verdict(named: "sing") == .going)
    #expect(Verdict(named: "lost") == .lost)
  }

  // MARK: Upkeep

  @Test func aDutyMovesOnWhenItIsTaken() {
    let start = ContinuousClock.now
    var schedule = UpkeepSchedule(from: start, share: 0.5)
    #expect(schedule.take(at: start) == nil)
    #expect(schedule.seconds(from: start) == 0.5)
    #expect(schedule.take(at: start + .seconds(1)) == .sweep)
    #expect(schedule.take(at: start + .seconds(1)) == nil, "however it went: the next turn")
    #expect(schedule.take(at: start + .seconds(6)) == .sweep)
    let later = start + .seconds(UpkeepSchedule.forgetSeconds)
    #expect(schedule.take(at: later) == .sweep)
    #expect(schedule.take(at: later) == .forget)
    #expect(schedule.take(at: later) == nil)
  }

  @Test func sweepsComeTenTimesALeaseAndEveryFiveSecondsAtLeast() {
    #expect(UpkeepSchedule.sweepSeconds(lease: 3) == 0.3)
    #expect(UpkeepSchedule.sweepSeconds(lease: 600) == 5)
  }
}
