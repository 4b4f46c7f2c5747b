import Retrieval
import TestSupport
import Testing

@testable import Answering

@Suite struct AnswerPlanTests {
  private static let small = AnswerPlan.ModelKind(chooses: true, isLarge: false)
  private static let large = AnswerPlan.ModelKind(chooses: false, isLarge: true)

  private func plan(
    _ question: String, _ model: AnswerPlan.ModelKind = small,
    _ route: AnswerRoute = .readingAndPassages, hasRead: Bool = true
  ) -> AnswerPlan {
    AnswerPlan(Question(question).kind, model, route, hasRead: hasRead)
  }

  @Test(arguments: AnswerRoute.allCases)
  func theQuestionDecidesWhatIsAnswered(route: AnswerRoute) {
    #expect(plan("What is this book about?", Self.small, route).source == .summary)
    #expect(plan("Who stole the tarts?", Self.small, route).source == .answer(route))
    #expect(plan("Who stole the tarts?", Self.small, route).wording == .model)
    #expect(plan("In which file is the function send defined?", Self.small, route).wording == .path)
  }

  @Test func theRouteAndTheModelsSizeDecideWhatIsShown() {
    #expect(plan("Who?", Self.small, .reading).shown == .nothing)
    #expect(plan("Who?", Self.large, .reading).shown == .nothing)
    #expect(plan("Who?", Self.small, .passages).shown == .single)
    #expect(plan("Who?", Self.large, .passages).shown == .inOrder(bytes: 32_000))
    #expect(plan("Who?", Self.large).shown == .inOrder(bytes: 32_000))
  }

  @Test func attentionIsAskedOnlyWhereThereIsSome() {
    #expect(plan("Who?").asksAttention)
    #expect(!plan("Who?", Self.large).asksAttention)
    #expect(!plan("Who?", hasRead: false).asksAttention)
  }

  @Test func passagesAnswerOnlyWhereTheReadingWasMeasuredToHarm() throws {
    func route(_ gain: Double, _ error: Double) -> AnswerRoute {
      MeasuredRoute(gain: gain, error: error, questions: 9).route
    }
    #expect(route(0.1, 0.02) == .readingAndPassages)
    #expect(route(-0.03, 0.02) == .readingAndPassages, "within two standard errors")
    #expect(route(-0.05, 0.02) == .passages)

    let folder = try TemporaryDirectory()
    #expect(MeasuredRoute.route(of: folder.path) == .readingAndPassages, "nothing was measured")
    _ = try folder.write(
      MeasuredRoute.file, #"{"route":"passages","gain":-0.1,"error":0.01,"questions":9}"#)
    #expect(MeasuredRoute.route(of: folder.path) == .passages)
    _ = try folder.write(MeasuredRoute.file, "not JSON")
    #expect(MeasuredRoute.route(of: folder.path) == .readingAndPassages)
  }
}
