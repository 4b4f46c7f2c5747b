import Foundation
import TestSupport
import Testing

@testable import Answering
@testable import Reading
@testable import Retrieval

/// Prompts, token by token as training builds them (Tests/Tools/make_prompt_goldens.py).
@Suite(
  .enabled(if: Repository.defaultModel != nil, "needs the default model (make test installs it)"))
struct PromptTests {
  private struct Golden: Decodable {
    let question: String
    let passages, sentences: [String]
    let openingQuestion, openingSummary, opening: [Int32]
    let asked, askedAgain, summary, summaryFocused, synopsis: [Int32]
  }

  @Test func promptsAreThoseOfTraining() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let golden = try decoder.decode(
      Golden.self, from: Data(contentsOf: URL(fileURLWithPath: Repository.fixture("prompts.json"))))
    let format = try PromptFormat(try ModelTokenizer.open(try #require(Repository.defaultModel)))
    #expect(format.opening(.ask(Question(golden.question))) == golden.openingQuestion)
    #expect(format.opening(.summarize()) == golden.openingSummary)
    #expect(format.opening(nil) == golden.opening)
    #expect(format.asked(Question(golden.question), passages: golden.passages) == golden.asked)
    #expect(
      format.asked(Question(golden.question), passages: golden.passages) == golden.askedAgain,
      "the last passage may be a sentence again")
    #expect(format.summaryWanted(sentences: golden.sentences, focus: nil) == golden.summary)
    #expect(format.synopsisWanted(focus: nil) == golden.synopsis)
    #expect(
      format.summaryWanted(sentences: golden.sentences, focus: Question(golden.question))
        == golden.summaryFocused)
  }

  @Test func aProbeStaysShortWhateverIsAsked() throws {
    let format = try PromptFormat(try ModelTokenizer.open(try #require(Repository.defaultModel)))
    let short = format.probe(.ask(Question("Who?")))
    #expect(short.count < 16)
    let told = Array(repeating: "Someone told a long story about it.", count: 300).joined(
      separator: " ")
    let long = format.probe(.ask(Question("\(told) Who?")))
    #expect(long.count == PromptFormat.longestProbe)
    #expect(long.prefix(4) == short.prefix(4) && long.suffix(3) == short.suffix(3))
    #expect(format.probe(.summarize(focus: Question(told))).count == PromptFormat.longestProbe)
  }
}
