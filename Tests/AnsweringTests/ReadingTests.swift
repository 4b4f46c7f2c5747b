import Tokenizer
import Documents
import Foundation
import Results
import TestSupport
import Testing

@testable import Answering
@testable import Reading
@testable import Retrieval

/// Whole readings with the default model.
@Suite(
  .serialized,
  .enabled(if: Repository.defaultModel != nil, "needs the default model (make test installs it)"))
struct ReadingTests {
  private static func excerpt(_ characters: Int) throws -> Document {
    let text = try String(contentsOfFile: Repository.book, encoding: .utf8)
    return Document(name: "alice.txt", text: String(text.prefix(characters)))
  }

  private static func check(_ quotes: [Quote], in document: Document) {
    let scalars = Array(document.text.unicodeScalars)
    for quote in quotes {
      #expect(String(String.UnicodeScalarView(scalars[quote.start..<quote.end])) == quote.quote)
      #expect((0...1).contains(quote.score))
    }
  }

  @Test func summariesQuoteTheDocumentInOrder() throws {
    let answerer = try Answerer(folder: try #require(Repository.defaultModel))
    let document = try Self.excerpt(9000)
    var reported: [Int] = []
    var control = ReadingControl()
    control.progress = { done, _ in reported.append(done) }
    let answer = try answerer.read(document, task: .summarize(), control: control)
    #expect(!answer.text.isEmpty)
    #expect(answer.evidence.count >= 5)
    #expect(answer.evidence.map(\.start) == answer.evidence.map(\.start).sorted())
    Self.check(answer.evidence, in: document)
    #expect(answer.figures.passes == 1)
    #expect(answer.figures.tokensRead == answer.documentTokens)
    #expect(answer.documentTokens == answerer.countTokens(document.text))
    #expect(reported == reported.sorted() && reported.last == answer.documentTokens)
    #expect(answer.figures.peakRSSBytes > 0)
  }

  @Test func questionsAreAnsweredWithEvidence() throws {
    let answerer = try Answerer(folder: try #require(Repository.defaultModel))
    let document = try Self.excerpt(9000)
    let task = ReadingTask.ask(
      Question("What was written on the label around the neck of the bottle?"))
    let answer = try answerer.read(document, task: task)
    #expect(answer.isSupported)
    Self.check(answer.evidence, in: document)
    #expect(answer.evidence.prefix(3).contains { $0.quote.contains("DRINK ME") })
    #expect(
      try answerer.read(document, task: task).text == answer.text,
      "the same reading gives the same answer")
  }

  @Test func passagesShownTogetherAreStretchesInTheTextsOrder() throws {
    let document = try Self.excerpt(9000)
    let quotable = QuotableText(document)
    let question = Question("What was written on the label of the bottle?")
    let evidence = Evidence(
      quotable, LexicalScores(question, quotable),
      attention: quotable.units.ranges.map { _ in 0 })
    let views = Passages.together([2, 500, 600], evidence, quotable)
    try #require(
      views.count == 2, "all stretches that match are shown once, however many were asked for")
    let shown = views[1]
    #expect(views[0].count == 2 && shown.count > 2 && Set(views[0]).isSubset(of: shown))
    #expect(shown.contains { $0.contains("DRINK ME") })
    let text = document.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    var searched = text.startIndex
    for passage in shown {
      let place = try #require(
        text.range(of: passage, range: searched..<text.endIndex),
        "after the one before it, and not over it")
      #expect(passage.utf8.count > 500, "550 with the line ends that were joined")
      searched = place.upperBound
    }
  }

  @Test func whatTheDocumentDoesNotSayIsNotInvented() throws {
    let answerer = try Answerer(folder: try #require(Repository.defaultModel))
    let answer = try answerer.read(
      try Self.excerpt(6000),
      task: .ask(Question("Which satellite did the Soviet Union launch in October 1957?")))
    #expect(!answer.isSupported)
    #expect(answer.evidence.isEmpty)
    #expect(answer.text.contains("does not say"))
  }

  @Test func anAnswerMayBeginAsARefusalDoes() throws {
    let folder = try #require(Repository.defaultModel)
    let tokenizer = try ModelTokenizer.open(folder)
    let refusal = try PromptFormat(tokenizer).refusalStart
    #expect(tokenizer.encode("Nottingham").first == refusal.first)
    let text = try Self.excerpt(3000).text + "\n\nRobin's sister was born in Nottingham.\n"
    let answer = try Answerer(folder: folder).read(
      Document(name: "news.txt", text: text), task: .ask(Question("Where was Robin's sister born?"))
    )
    #expect(answer.isSupported && answer.text.hasPrefix("Nottingham"), "\(answer.text)")
  }

  @Test func aStoppedReadingThrows() throws {
    let answerer = try Answerer(folder: try #require(Repository.defaultModel))
    var blocks = 0
    var control = ReadingControl()
    control.progress = { _, _ in blocks += 1 }
    control.shouldStop = { blocks == 2 }
    #expect(throws: ReadingError.stopped) {
      try answerer.read(try Self.excerpt(9000), task: .summarize(), control: control)
    }
    #expect(blocks == 2)
  }

  @Test func anEmptyQuestionIsRefused() throws {
    let answerer = try Answerer(folder: try #require(Repository.defaultModel))
    #expect(throws: ReadingError.emptyQuestion) {
      try answerer.read(try Self.excerpt(100), task: .ask(Question("  ")))
    }
  }
}
