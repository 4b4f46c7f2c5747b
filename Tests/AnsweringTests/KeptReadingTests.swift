import Documents
import Foundation
import Inference
import Results
import TestSupport
import Testing

@testable import Answering
@testable import Reading
@testable import Retrieval

/// Readings that go on from kept ones, with the default model.
@Suite(
  .serialized,
  .enabled(if: Repository.defaultModel != nil, "needs the default model (make test installs it)"))
struct KeptReadingTests {
  private let answerer: Answerer
  private let text: String

  init() throws {
    answerer = try Answerer(folder: try #require(Repository.defaultModel))
    let book = try String(contentsOfFile: Repository.book, encoding: .utf8)
    text = String(book.prefix(3000))
  }

  /// What a reading kept: after its first block, and at its end.
  private func keeping(
    _ text: String
  ) throws -> (reading: DocumentReading, block: ResumePoint, end: ResumePoint, trail: ReadingTrail)
  {
    var points: [ResumePoint] = []
    var trail: ReadingTrail?
    var control = ReadingControl()
    func keep(_ moment: ReadingMoment) {
      let copy = moment.generalFork()
      points.append(
        ResumePoint(
          tokens: moment.tokens, seconds: 100, archive: copy.archive(),
          pages: [copy.page(from: 0)].filter { !$0.isEmpty }, isKept: true))
    }
    control.begins = { trail = $0 }
    control.blockClosed = keep
    control.readingEnded = keep
    let reading = try answerer.open(Document(name: "a.txt", text: text), control: control)
    return (
      reading, try #require(points.first), try #require(points.last), try #require(trail)
    )
  }

  @Test func keptReadingsAreFreshOnesToTheBit() throws {
    let (fresh, block, end, trail) = try keeping(text)
    try #require(block.tokens < end.tokens)
    let question = Question("What did the Rabbit take out of its pocket?")
    let expected = try answerer.answer(question, from: fresh)
    for point in [block, end] {
      var control = ReadingControl()
      control.kept = { other in
        let counts = [point.tokens]
        return other.digests(after: counts) == trail.digests(after: counts) ? point : nil
      }
      let reading = try answerer.open(Document(name: "b.txt", text: text), control: control)
      #expect(reading.reusedTokens == point.tokens)
      let isSame = reading.state.numbers == fresh.state.numbers
      #expect(isSame)
      let answer = try answerer.answer(question, from: reading)
      #expect(answer.text == expected.text && answer.evidence == expected.evidence)
      #expect(answer.figures.reusedTokens == point.tokens && answer.figures.resumedFrom == nil)
      #expect(answer.figures.tokensRead == trail.ids.count - point.tokens)
      #expect(answer.figures.seconds < 100, "the time of the kept one is not this one's")
    }
  }

  @Test func aDocumentThatGrewGoesOnWhereTheCommonPartEnds() throws {
    let (_, block, _, trail) = try keeping(text)
    let longer = Document(name: "a.txt", text: text + "\n\nAnd then she woke up, and all was well.")
    let fresh = try answerer.open(longer)
    var control = ReadingControl()
    control.kept = { other in
      let counts = [block.tokens]
      return other.digests(after: counts) == trail.digests(after: counts) ? block : nil
    }
    let grown = try answerer.open(longer, control: control)
    #expect(grown.reusedTokens == block.tokens)
    let isSame = grown.state.numbers == fresh.state.numbers
    #expect(isSame)

    let other = Document(name: "a.txt", text: "Once " + text)
    #expect(try answerer.open(other, control: control).reusedTokens == 0, "it begins otherwise")
  }

  /// Stops where a part ends, and writes nothing.
  private final class Stops: PartWriting {
    let ends: [Int]
    private(set) var count = 0
    var archive: [UInt8] { [] }

    init(_ ends: [Int]) { self.ends = ends }

    func write(after state: ReadingState) { count += 1 }
    func restore(_ archive: [UInt8]) {}
  }

  /// It stops at parts' ends, where synopses are written.
  @Test func aSummarysReadingIsAGeneralOneToTheBit() throws {
    let fresh = try answerer.open(Document(name: "a.txt", text: text))
    let prompt = ReadingPrompt(
      opening: answerer.format.opening(nil), probe: answerer.format.probe(nil))
    let stops = Stops([100, 333, 600, fresh.documentTokens])
    let stopped = try DocumentReading(
      fresh.tokens, answerer.model, prompt, question: nil, writer: stops,
      control: ReadingControl())
    #expect(stops.count == 4)
    let isSame = stopped.state.numbers == fresh.state.numbers
    #expect(isSame)
  }

  @Test func aKeptReadingThatIsOfNoUseIsReadAnew() throws {
    let (fresh, block, _, _) = try keeping(text)
    var told: [String] = []
    var control = ReadingControl()
    control.kept = { _ in
      ResumePoint(
        tokens: block.tokens, seconds: 1, archive: Array(block.archive.dropLast(9)), pages: [],
        isKept: true)
    }
    control.keptIsUnusable = { told.append("\($0)") }
    let reading = try answerer.open(Document(name: "a.txt", text: text), control: control)
    #expect(told.count == 1 && reading.reusedTokens == 0)
    let isSame = reading.state.numbers == fresh.state.numbers
    #expect(isSame)
  }

  @Test func questionsTogetherAreAnsweredAsAlone() throws {
    let reading = try keeping(text).reading
    let questions = [
      "What did the Rabbit take out of its pocket?", "What was on the label of the jar?",
      "Who is Dinah?", "Where is the king of Norway?",
    ].map { Question($0) }
    let together = try answerer.answers(questions, from: reading)
    for (question, answer) in zip(questions, together) {
      let alone = try answerer.answer(question, from: reading)
      #expect(answer.text == alone.text && answer.evidence == alone.evidence)
      #expect(answer.candidates.map(\.confidence) == alone.candidates.map(\.confidence))
    }
  }

  @Test func aQuestionMayReferToTheAnswerBefore() throws {
    let reading = try keeping(text).reading
    var options = AnswerOptions()
    options.turns = [Turn(question: "What had the Rabbit in its pocket?", answer: "a watch")]
    let answer = try answerer.answer(Question("What did it do with it?"), from: reading, options)
    #expect(answer.evidence.contains { $0.quote.contains("watch") })
  }

  @Test func digestsAreOfWhatWasRead() {
    let trail = ReadingTrail(opening: [1, 2], ids: [3, 4, 5], focus: nil)
    let digests = trail.digests(after: [0, 2, 3, 4, -1])
    #expect(Set(digests.keys) == [0, 2, 3])
    let longer = ReadingTrail(opening: [1, 2], ids: [3, 4, 6, 7], focus: nil)
    let others = longer.digests(after: [0, 2, 3])
    #expect(others[2] == digests[2] && others[3] != digests[3])
  }
}
