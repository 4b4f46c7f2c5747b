import Retrieval
import Testing

@testable import Answering

@Suite struct AnswerPlanTests {
  @Test(arguments: AnswerPlan.ModelKind.allCases)
  func theQuestionDecidesWhatIsLookedAt(model: AnswerPlan.ModelKind) {
    func plan(_ question: String) -> AnswerPlan { AnswerPlan(Question(question).kind, model) }
    #expect(plan("What is this book about?").source == .summary)
    #expect(plan("Who stole the tarts?").source == .passages)
    #expect(plan("Who stole the tarts?").wording == .model)
    #expect(plan("In which file is the function send defined?").source == .passages)
    #expect(plan("In which file is the function send defined?").wording == .path)
  }

  @Test func onlyAModelThatChoosesIsAskedWhereItLooks() {
    #expect(AnswerPlan(.passage, .choosing).asksAttention)
    #expect(!AnswerPlan(.passage, .keeping).asksAttention)
  }
}
