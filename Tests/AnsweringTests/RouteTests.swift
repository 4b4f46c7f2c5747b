import Documents
import Foundation
import Inference
import Reading
import Results
import Retrieval
import TestSupport
import Testing

@testable import Answering

/// Where answers come from, with a tiny random model that has every kind of memory.
@Suite struct RouteTests {
  private static let words = ["red", "blue", "stone", "river", "north", "seven", "lamp", "bird"]
  private let folder: TemporaryDirectory
  private let answerer: Answerer
  private let question = Question("Which stone is red?")

  init() throws {
    folder = try TemporaryDirectory()
    var model = RandomModel(extra: [
      "layer_mixers": .array([.string("softmax"), .string("bounded")]),
      "window_tokens": .integer(64), "sink_tokens": .integer(4), "kept_tokens": .integer(128),
    ])
    model.vocabulary = 1600
    try model.write(to: folder.path)
    try FileManager.default.copyItem(
      atPath: Repository.fixture("tokenizers/gpt2-style/tokenizer.json"),
      toPath: folder.path + "/tokenizer.json")
    answerer = try Answerer(folder: folder.path, threads: 1)
  }

  private func document(_ seed: Int) -> Document {
    let sentences = (0..<30).map { number in
      let shift = seed + number * (seed + 3)
      return (0..<6).map { Self.words[(shift + $0 * $0) % 8] }.joined(separator: " ") + "."
    }
    return Document(name: "a.txt", text: sentences.joined(separator: " "))
  }

  private func answer(
    _ seed: Int, _ route: AnswerRoute, _ ablation: StateAblation = .none, focused: Bool = false
  ) throws -> Answer {
    var options = AnswerOptions()
    options.route = route
    options.ablation = ablation
    options.isFocused = focused
    return try answerer.read(document(seed), task: .ask(question), options: options)
  }

  /// What the model said, with its doubts: any change of its state shows in the numbers.
  private func said(
    _ seed: Int, _ route: AnswerRoute, _ ablation: StateAblation = .none
  ) throws -> Candidate {
    try #require(try answer(seed, route, ablation).candidates.last)
  }

  @Test func theReadingAloneAnswersFromWhatWasRead() throws {
    #expect(try said(1, .reading) != said(2, .reading), "another document, another answer")
    #expect(try said(1, .reading) == said(1, .reading))
    #expect(
      try said(1, .reading, .all) == said(2, .reading, .all), "with nothing read they are the same")
    #expect(try said(1, .reading, .all) != said(1, .reading))
  }

  @Test func eachKindOfMemoryCanBeTakenAway() throws {
    #expect(try said(1, .reading, .softmax) != said(1, .reading))
    #expect(
      try said(1, .reading, .lightning) == said(1, .reading), "this model has no such layer")
  }

  @Test func passagesAreReadTwiceOnTheReadingsState() throws {
    let both = try said(1, .readingAndPassages)
    #expect(try both != said(1, .passages))
    #expect(try both != said(1, .reading))
  }

  @Test func theRecordSaysWhereTheAnswerCameFrom() throws {
    let reading = try answer(1, .reading)
    #expect(reading.answeredFrom == .reading && reading.figures.passes == 1)
    #expect(reading.figures.focus == "general")
    #expect(try answer(1, .reading, focused: true).figures.focus == "focused")

    let passages = try answer(1, .passages)
    #expect(passages.answeredFrom == .passages && passages.figures.passes == 0)
    #expect(passages.figures.focus == nil && passages.figures.tokensRead == 0)
    #expect(passages.documentTokens == reading.documentTokens)
  }

  @Test func aDocumentThatSaysNothingHasItsTokensWithoutAReadingToo() throws {
    var options = AnswerOptions()
    options.route = .passages
    let document = Document(name: "rain.txt", text: "Rain fell.")
    let answer = try answerer.read(
      document, task: .ask(Question("Which admiral sank the zeppelin?")), options: options)
    #expect(!answer.isSupported && answer.figures.tokensRead == 0)
    #expect(answer.documentTokens == answerer.countTokens(document.text))
  }

  @Test func oneReadingAnswersAnyQuestionAsIfItWereMadeForIt() throws {
    var options = AnswerOptions()
    options.route = .reading
    let reading = try answerer.open(document(1))
    let first = try answerer.answer(Question("Where is the lamp?"), from: reading, options)
    let second = try answerer.answer(question, from: reading, options)
    #expect(second.candidates == (try answer(1, .reading)).candidates)
    #expect(first.candidates != second.candidates)
    let again = try answerer.answer(Question("Where is the lamp?"), from: reading, options)
    #expect(again.candidates == first.candidates, "asking leaves the reading as it was")
  }

  @Test func nobodysChoiceIsTheMeasuredRoute() throws {
    #expect(answerer.route == .readingAndPassages)
    let answer = try answerer.read(document(1), task: .ask(question))
    #expect(answer.answeredFrom == .readingAndPassages)
  }

  @Test func writingIsToldAndCanBeStopped() throws {
    var options = AnswerOptions()
    options.route = .reading
    options.mostTokens = 40
    var told: [(tokens: Int, text: String?)] = []
    var ended: [Int] = []
    var control = ReadingControl()
    control.readingEnded = { ended.append($0.tokens) }
    control.writing = { told.append(($0, $1)) }
    let task = ReadingTask.ask(question)
    let whole = try answerer.read(document(1), task: task, options: options, control: control)
    let written = try #require(whole.candidates.last)
    try #require(written.generatedTokens >= 8, "a random model that stops at once shows nothing")
    #expect(ended == [whole.documentTokens])
    #expect(told.map(\.tokens) == told.map(\.tokens).sorted() && told[0].tokens == 4)
    #expect(told.allSatisfy { $0.text?.isEmpty == false })

    // Stopped in the middle of writing, the reading's end is saved, and the text is the same again.
    var saved: (point: ResumePoint, tokens: Int)?
    told = []
    control.shouldStop = { told.count == 1 }
    control.stopping = { moment in
      let state = moment.fork()
      let point = ResumePoint(
        tokens: moment.tokens, seconds: moment.seconds, archive: state.archive(),
        pages: [state.page(from: 0)])
      saved = (point, moment.tokens)
    }
    #expect(throws: ReadingError.stopped) {
      try answerer.read(document(1), task: task, options: options, control: control)
    }
    var resumed = ReadingControl()
    resumed.resume = try #require(saved).point
    #expect(saved?.tokens == whole.documentTokens)
    let again = try answerer.read(document(1), task: task, options: options, control: resumed)
    #expect(again.candidates == whole.candidates)
  }

  @Test func aDocumentBeyondTheContextIsNotReadInSilence() throws {
    let folder = try TemporaryDirectory()
    var model = RandomModel(extra: ["max_position_embeddings": .integer(600)])
    model.vocabulary = 1600
    try model.write(to: folder.path)
    try FileManager.default.copyItem(
      atPath: Repository.fixture("tokenizers/gpt2-style/tokenizer.json"),
      toPath: folder.path + "/tokenizer.json")
    let short = try Answerer(folder: folder.path, threads: 1)
    let tokens = short.countTokens(document(1).text)
    let most = 600 - 600 / 4 - 48
    try #require(tokens > most)

    var options = AnswerOptions()
    options.route = .reading
    #expect(throws: ReadingError.beyondContext(tokens: tokens, most: most)) {
      try short.read(document(1), task: .ask(question), options: options)
    }
    let answer = try short.read(document(1), task: .ask(question))
    #expect(answer.answeredFrom == .passages && answer.figures.passes == 0)
    #expect(answer.figures.notes?.contains { $0.contains("\(tokens) tokens") } == true)
    let summary = try short.read(document(1), task: .summarize())
    #expect(summary.answeredFrom == .passages && summary.figures.notes?.isEmpty == false)
    let brief = Document(name: "b.txt", text: "The red stone is in the north.")
    #expect(try short.read(brief, task: .ask(question)).answeredFrom == .readingAndPassages)
  }

  @Test func anAnswerHasItsLimit() throws {
    var options = AnswerOptions()
    options.route = .reading
    options.mostTokens = 3
    let answer = try answerer.read(document(1), task: .ask(question), options: options)
    #expect(try #require(answer.candidates.last).generatedTokens <= 3)
  }
}
