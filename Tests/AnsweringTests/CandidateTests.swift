import Foundation
import Testing

@testable import Answering

/// What is made of a model's answers to passages.
@Suite struct CandidateTests {
  @Test func anUnsureAnswerIsOneThatIsUnlikelyOrFromAPassageThatMatchesLess() {
    func candidate(
      refusal: Double = 0.01, confidence: Double = -0.1, match: Double = 1, repeats: Bool = false
    ) -> Candidate {
      Candidate(
        text: "x", refusal: refusal, confidence: confidence, match: match, generatedTokens: 1,
        repeatsQuestion: repeats)
    }
    #expect(!candidate().isUnsure(.chosen))
    #expect(
      candidate(confidence: -1.5).isUnsure(.chosen) && candidate(refusal: 0.9).isUnsure(.chosen)
        && candidate(match: 0.5).isUnsure(.chosen))
    #expect(
      candidate(confidence: -0.4).weight(.chosen) > candidate(match: 0.8).weight(.chosen),
      "what matches wins over what is sure")
    #expect(
      candidate(repeats: true).isUnsure(.chosen)
        && candidate(confidence: -0.5).weight(.chosen) > candidate(repeats: true).weight(.chosen))
  }

  private static func candidate(
    _ text: String, refusal: Double = 0.1, confidence: Double = -0.5, repeats: Bool = false
  ) -> Candidate {
    Candidate(
      text: text, refusal: refusal, confidence: confidence, match: 1, generatedTokens: 1,
      repeatsQuestion: repeats)
  }

  @Test func theAnswerIsGivenThatTheOthersAgreeWith() {
    let views = [
      Self.candidate("the old mill", confidence: -0.4), Self.candidate("his uncle"),
      Self.candidate("Uncle Toby"),
      Self.candidate("to his uncle's"),
    ]
    #expect(Candidates(agreeing: views).all.last?.text == "his uncle")
    #expect(Candidates(alone: views).all.last?.text == "the old mill")
    #expect(
      Candidates(agreeing: Array(views.prefix(2)), besides: [views[2]]).all.map(\.text) == [
        "Uncle Toby", "his uncle", "the old mill",
      ])
    let echo = [
      Self.candidate("the uncle", repeats: true), Self.candidate("uncle", repeats: true),
      Self.candidate("a mill in Kent"),
    ]
    #expect(
      Candidates(agreeing: echo).all.last?.text == "a mill in Kent",
      "two that repeat the question lose against one that says more")
  }

  @Test func viewsDoubtTogether() {
    let sure = Self.candidate("Kent", refusal: 0.1)
    let torn = Self.candidate("Kent", refusal: 0.9)
    #expect(abs(Candidates(agreeing: [sure, torn]).refusal - 0.5) < 1e-9)
    #expect(
      abs(Candidates(agreeing: [sure, sure, torn]).refusal - 1 / (1 + pow(9, 1.0 / 3))) < 1e-9)
    #expect(Candidates(alone: [sure, torn]).refusal == 0.1 && Candidates(alone: []).refusal == 1)
  }

  @Test func aRefusalInOtherLettersIsNoAnswer() {
    let refusal = Self.candidate("not in the document", refusal: 0.2, confidence: -0.01)
    let answer = Self.candidate("Kent", confidence: -2)
    #expect(
      Candidates(alone: [refusal, answer]).all.last == answer
        && Candidates(agreeing: [refusal, refusal, answer]).all.last == answer)
    #expect(
      Candidates(alone: [refusal]).refusal == 1 && Candidates(agreeing: [refusal]).refusal == 1)
    #expect(!Self.candidate("Not in Kent").refuses)
  }

  @Test func agreementIsTheSharedPartOfTwoAnswersWords() {
    #expect(Candidate.agreement(of: "The white horse.", with: "a White Horse") == 1)
    #expect(Candidate.agreement(of: "red horses", with: "the horse") == 2.0 / 3)
    #expect(
      Candidate.agreement(of: "Kent", with: "Surrey") == 0
        && Candidate.agreement(of: "", with: "Kent") == 0)
    #expect(Candidate.agreement(of: "the", with: "") == 1)
  }

}
