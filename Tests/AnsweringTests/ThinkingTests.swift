import Documents
import Foundation
import Reading
import Retrieval
import TestSupport
import Testing

@testable import Answering

/// Thoughts are split from answers, by a model that says what it is told to.
@Suite struct ThinkingTests {
  private static let control = ["<|user|>", "<|answer|>", "<|end|>", "<think>", "</think>"]
  private static let document = Document(name: "a.txt", text: "The stone is red. The lamp is old.")
  private static let task = ReadingTask.ask(Question("Which stone is red?"))

  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
    try SmallVocabulary.json(Self.control)
      .write(to: URL(fileURLWithPath: folder.path + "/tokenizer.json"))
  }

  /// - Parameters:
  ///   - says: what the model says after `<|answer|>`, token by token; it ends the turn then.
  ///   - after: what it says after a line's end, as after a closing tag that was written for it.
  private func answerer(
    says: [String], isEndless: Bool = false, after: [String] = [], opens: Bool = false,
    canSwitch: Bool = false
  ) throws -> Answerer {
    let end = isEndless ? [] : ["<|end|>"]
    try SuccessorModel.write(
      saying: [["<|answer|>"] + says + end, ["\n\n"] + after + ["<|end|>"]], to: folder.path)
    var turns = ModelPrompt.Turns(
      beforeSystem: [], beforeUser: [.token("<|user|>")],
      beforeAnswer: [.token("<|end|>"), .token("<|answer|>")])
    var silent: ModelPrompt.Turns?
    if opens { turns.beforeAnswer.append(.token("<think>")) }
    if canSwitch {
      silent = turns
      silent?.beforeAnswer += [.token("<think>"), .token("</think>")]
    }
    try ModelPrompt(
      source: "test", turns: turns, withoutThinking: silent,
      thinking: .init(open: "<think>", close: "</think>", isOpened: opens), stop: ["<|end|>"]
    ).write(to: folder.path)
    return try Answerer(folder: folder.path, threads: 1)
  }

  private func said(_ answerer: Answerer, think: Int? = nil) throws -> Candidate {
    var options = AnswerOptions()
    options.route = .reading
    options.thinkTokens = think
    let answer = try answerer.read(Self.document, task: Self.task, options: options)
    return try #require(answer.candidates.last)
  }

  private static let thoughts = ["<think>", " the", " man", " was", "</think>", " old", " house"]

  @Test func thoughtsAreNoPartOfTheAnswer() throws {
    let said = try said(try answerer(says: Self.thoughts))
    #expect(said.text == "old house" && said.reasoning == "the man was")
    #expect(said.reasoningTokens == 5 && said.generatedTokens == 2)
  }

  @Test func aTagThatThePromptOpensIsNotWrittenAgain() throws {
    let said = try said(try answerer(says: Self.thoughts, opens: true))
    #expect(said.text == "old house" && said.reasoning == "the man was")
  }

  @Test func whoDoesNotThinkAnswersAtOnce() throws {
    let said = try said(try answerer(says: [" old", " house"]))
    #expect(said.text == "old house" && said.reasoning.isEmpty && said.reasoningTokens == 0)
  }

  @Test func thinkingEndsAtItsBudget() throws {
    let endless = ["<think>", " the", " man", " the"]
    let answerer = try answerer(says: endless, isEndless: true, after: [" old", " house"])
    let said = try said(answerer, think: 7)
    #expect(said.text == "old house")
    #expect(said.reasoning == "the man the man the man")
  }

  @Test func thinkingIsOffWhereItCanBeAndNotAskedFor() throws {
    let answerer = try answerer(says: Self.thoughts, canSwitch: true)
    let silent = try said(answerer)
    #expect(silent.text == "old house" && silent.reasoning.isEmpty)
    #expect(try said(answerer, think: 0) == silent)
    #expect(try said(answerer, think: 20).reasoning == "the man was")
  }

  @Test func aModelThatAlwaysThinksSaysSo() throws {
    let answerer = try answerer(says: Self.thoughts, opens: true)
    #expect(throws: PromptError.alwaysThinks) { try said(answerer, think: 0) }
  }

  @Test func theLastClosingTagCounts() throws {
    let twice = ["<think>", " the", "</think>", " man", "</think>"]
    // After the second tag this model says the same again, up to the answer's limit.
    let said = try said(try answerer(says: twice))
    #expect(!said.text.contains("think"))
  }

  @Test func stoppedThoughtsAreThoughtAgain() throws {
    let answerer = try answerer(says: Self.thoughts)
    var options = AnswerOptions()
    options.route = .reading
    let whole = try answerer.read(Self.document, task: Self.task, options: options)
    var saved: ResumePoint?
    var control = ReadingControl()
    var asked = 0
    control.shouldStop = {
      asked += 1
      return asked == 4
    }
    control.stopping = { moment in
      let copy = moment.fork()
      saved = ResumePoint(
        tokens: moment.tokens, seconds: moment.seconds, archive: copy.archive(),
        pages: [copy.page(from: 0)].filter { !$0.isEmpty })
    }
    #expect(throws: ReadingError.stopped) {
      try answerer.read(Self.document, task: Self.task, options: options, control: control)
    }
    var resumed = ReadingControl()
    resumed.resume = try #require(saved)
    let again = try answerer.read(
      Self.document, task: Self.task, options: options, control: resumed)
    #expect(again.candidates == whole.candidates && again.reasoning == whole.reasoning)
  }
}
