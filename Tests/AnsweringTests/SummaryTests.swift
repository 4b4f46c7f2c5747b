import Documents
import Foundation
import Reading
import Results
import Retrieval
import TestSupport
import Testing

@testable import Answering

/// What of a summary a text bears out, and how a summary is made of parts.
@Suite struct SentenceSupportTests {
  private static func support(_ text: String, about: String = "") -> SentenceSupport {
    let text = QuotableText(Document(name: "a.txt", text: text))
    return SentenceSupport(text: text, units: text.units.ranges.indices, given: about)
  }

  private let tale = """
    She found in the box a very small cake, beautifully marked in currants. The Hatter was angry. \
    It was late in the year 1840. Nobody knew what he wanted of the garden.
    """

  @Test func whatOnePlaceSaysIsKept() {
    let told = "She found in that box a small cake, beautifully marked with red currants."
    let invented = "Her father had married a rich widow in the country."
    #expect(Self.support(tale).borneOut("\(told) \(invented)") == [told])
    #expect(Self.support(tale).place(of: "The year was late and the Hatter was angry.") == nil)
    let found =
      "She found in the box a cake, marked in currants; the Hatter was angry in garden rain."
    #expect(Self.support(tale).place(of: found) == 0)
  }

  @Test func whatIsAskedAboutIsNoInvention() {
    let told = "Her father had found in the box a small cake."
    #expect(Self.support(tale).borneOut(told).isEmpty)
    let asked = Self.support(tale, about: "Had her father married a widow?")
    #expect(asked.borneOut(told) == [told])
    #expect(asked.borneOut("Her father had married a widow.").isEmpty, "it says what was asked")
  }

  @Test func namesAndNumbersMustBeTheTexts() {
    let named = "The small cake in the box was marked in currants for Clara."
    #expect(Self.support(tale).place(of: named) == nil)
    let dated = "It was late in the year 1850."
    #expect(Self.support(tale).place(of: dated) == nil)
    #expect(Self.support(tale).place(of: "It was late in the year 1840.") != nil)
  }

  @Test func wordsThatStandFarApartSayNothingTogether() {
    let parts = ["The boat was green.", "A dog barked.", "Rain fell on the mill."]
    let filler = String(repeating: "Nothing else took place there. ", count: 4)
    let text = parts.joined(separator: " " + filler)
    #expect(Self.support(text).place(of: "Rain fell and the dog barked in the green boat.") == nil)
  }

  @Test func aShortSentenceNeedsOneThatSaysAllOfIt() {
    #expect(Self.support(tale).place(of: "The box was late for the angry Hatter.") == nil)
    #expect(Self.support(tale).place(of: "The Hatter wanted the garden.") == nil)
    #expect(Self.support(tale).place(of: "She found a small cake.") == 0)
  }

  @Test func aSentenceThatSaysTooLittleIsLeftOut() {
    #expect(Self.support(tale).borneOut("It was so. He did it. She was angry.").isEmpty)
  }

  /// The demo once said this of the book.
  @Test func theBookDoesNotSayWhatItDoesNotSay() throws {
    let book = Self.support(try String(contentsOfFile: Repository.book, encoding: .utf8))
    let invented = "She was a little girl, and she had a mother who was a woman of her time."
    #expect(book.borneOut(invented).isEmpty)
    let told = "Alice was tired of sitting by her sister on the bank and of having nothing to do."
    #expect(book.borneOut(told) == [told])
    let mixed = """
      The Queen's dream was of little Alice herself, and the White Rabbit's dream was of her sister.
      """
    #expect(book.borneOut(mixed).isEmpty, "words of one place, in an order that says another thing")
  }

  @Test func highlightsAreCondensedTwoAtATime() {
    for count in 0...12 {
      let parts = SynopsisWriter.evenly(Array(0..<count), atOnce: 2)
      #expect(parts.flatMap { $0 } == Array(0..<count))
      #expect(parts.allSatisfy { (1...2).contains($0.count) })
    }
  }
}

/// Summaries by the default model.
@Suite(
  .serialized,
  .enabled(if: Repository.defaultModel != nil, "needs the default model (make test installs it)"))
struct SummaryTests {
  /// Two chapters, of about 5,500 tokens.
  private static func chapters() throws -> Document {
    let text = try String(contentsOfFile: Repository.book, encoding: .utf8)
    let end = try #require(text.range(of: "## Chapter 3"))
    return Document(name: "alice.txt", text: String(text[..<end.lowerBound]))
  }

  private static func isBorneOut(_ answer: Answer, by document: Document) -> Bool {
    let text = QuotableText(document)
    let support = SentenceSupport(text: text, units: text.units.ranges.indices)
    return Sentences.split(answer.text).allSatisfy { support.place(of: $0) != nil }
  }

  @Test func aSynopsisIsWrittenAtEachPartsEnd() throws {
    let answerer = try Answerer(folder: try #require(Repository.defaultModel))
    let document = try Self.chapters()
    var options = AnswerOptions()
    options.route = .reading
    var read: [Int] = []
    var wroteAt: Set<Int> = []
    var control = ReadingControl()
    control.progress = { done, _ in read.append(done) }
    control.writing = { _, _ in wroteAt.insert(read.last ?? 0) }
    let answer = try answerer.read(
      document, task: .summarize(), options: options, control: control)
    #expect(
      answer.outline.map(\.title) == [
        "Chapter 1 - Down the Rabbit-Hole", "Chapter 2 - The Pool of Tears",
      ])
    #expect(answer.outline[0].end < answer.outline[1].start)
    #expect(wroteAt.count == 2 && wroteAt.contains(answer.documentTokens))
    #expect(read == read.sorted() && answer.figures.passes == 1)
    #expect(!answer.isWritten || Self.isBorneOut(answer, by: document), "\(answer.text)")

    // Stopped while the second synopsis is written: the first is not lost, and all is the same.
    var saved: ResumePoint?
    control.shouldStop = { wroteAt.count == 2 }
    control.stopping = { moment in
      let copy = moment.fork()
      saved = ResumePoint(
        tokens: moment.tokens, seconds: moment.seconds, archive: copy.archive(),
        pages: [copy.page(from: 0)].filter { !$0.isEmpty })
    }
    (read, wroteAt) = ([], [])
    #expect(throws: ReadingError.stopped) {
      try answerer.read(document, task: .summarize(), options: options, control: control)
    }
    var resumed = ReadingControl()
    resumed.resume = try #require(saved)
    let again = try answerer.read(
      document, task: .summarize(), options: options, control: resumed)
    #expect(again.text == answer.text && again.outline == answer.outline)
    #expect(again.figures.generatedTokens == answer.figures.generatedTokens)
  }

  @Test func withoutAReadingTheHighlightsAreCondensed() throws {
    let answerer = try Answerer(folder: try #require(Repository.defaultModel))
    var options = AnswerOptions()
    options.route = .passages
    let answer = try answerer.read(try Self.chapters(), task: .summarize(), options: options)
    #expect(answer.figures.passes == 0 && answer.outline.count == 2)
    #expect(answer.source == (answer.isWritten ? "passages" : "highlights"))
  }
}
