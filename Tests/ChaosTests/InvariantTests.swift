import Testing

/// The judge itself: it has to see planted violations.
@Suite struct InvariantTests {
  private func entry(
    _ kind: WriteLog.Entry.Kind, _ fence: Int, _ writer: String, tokens: Int? = nil,
    resumed: Int? = nil
  ) -> WriteLog.Entry {
    WriteLog.Entry(
      job: 1, fence: fence, writer: writer, kind: kind, tokens: tokens, resumed: resumed)
  }

  private var good: [WriteLog.Entry] {
    [
      entry(.claim, 5, "a"), entry(.progress, 5, "a", tokens: 900, resumed: 0),
      entry(.checkpoint, 5, "a", tokens: 800),
      entry(.claim, 9, "b"), entry(.progress, 9, "b", tokens: 1000, resumed: 800),
      entry(.result, 9, "b"),
    ]
  }

  @Test func aGoodLogHasNoViolations() {
    #expect(Invariants.violations(good) == [])
    #expect(Invariants.tokensReadAgain(good) == [100])
  }

  @Test func plantedViolationsAreSeen() {
    for stale in [
      entry(.progress, 5, "a", tokens: 950, resumed: 0), entry(.checkpoint, 5, "a", tokens: 950),
      entry(.result, 5, "a"),
    ] {
      var log = good
      log.insert(stale, at: 4)
      #expect(!Invariants.violations(log).isEmpty, "\(stale)")
    }

    var log = good
    log[4].writer = "a"
    #expect(!Invariants.violations(log).isEmpty, "another worker's fence")
    log = good
    log[3].fence = 4
    #expect(!Invariants.violations(log).isEmpty, "a fence that is not new")
    #expect(!Invariants.violations(good + [entry(.result, 9, "b")]).isEmpty, "a second result")
    log = good
    log[4].resumed = 0
    #expect(!Invariants.violations(log).isEmpty, "a checkpoint that was not used")
  }
}
