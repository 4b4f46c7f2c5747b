import Testing

/// The claim protocol, in every order of events that a small model has.
@Suite struct ProtocolTests {
  @Test func noOrderOfEventsBreaksTheProtocol() {
    let found = Exploration(
      nil,
      bounds: ChaosScale.isFull
        ? .init(fences: 5, deaths: 2, inFlight: 2) : .init(fences: 4, deaths: 1, inFlight: 2))
    #expect(found.violation == nil)
    #expect(found.stuck == 0)
    #expect(found.states > 10_000)
    ChaosScale.report("protocol model: \(found.states) states, no violation")
  }

  @Test func noOutageAndNoBurialBreaksIt() {
    let found = Exploration(nil, bounds: .withOutages)
    #expect(found.violation == nil)
    #expect(found.stuck == 0)
    #expect(found.states > 1_000)
    ChaosScale.report("protocol model with outages: \(found.states) states, no violation")
  }

  @Test(arguments: ProtocolModel.Flaw.allCases)
  func plantedFlawsAreFound(flaw: ProtocolModel.Flaw) {
    let isOfOutages = [.buriesTheLiving, .sweepsAfterOutage].contains(flaw)
    let found = Exploration(flaw, bounds: isOfOutages ? .withOutages : .init())
    #expect(found.violation != nil, "\(flaw)")
    ChaosScale.report(
      "protocol model with \(flaw): \(found.violation ?? "nothing found") after \(found.states) "
        + "states"
    )
  }

  @Test func noOrderOfEventsGivesAWrongKeptReading() {
    let found = KeptExploration(nil)
    #expect(found.violation == nil)
    #expect(found.states > 100 && found.ended > 0)
    ChaosScale.report("model of kept readings: \(found.states) states, no violation")
  }

  @Test(arguments: KeptModel.Flaw.allCases)
  func plantedFlawsOfKeptReadingsAreFound(flaw: KeptModel.Flaw) {
    #expect(KeptExploration(flaw).violation != nil, "\(flaw)")
  }
}
