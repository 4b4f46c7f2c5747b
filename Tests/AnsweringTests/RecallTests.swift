import Documents
import Foundation
import Reading
import Retrieval
import TestSupport
import Testing

@testable import Answering

/// The whole promise with a model of the published layout: what was read once is answered from the
/// state alone, and without the state it is not.
@Suite struct RecallTests {
  private let made: RecallDocuments
  private let answerer: Answerer

  init() throws {
    made = try RecallDocuments.load()
    answerer = try Answerer(folder: RecallDocuments.folder)
  }

  private func document(tokens: Int) throws -> (Document, [[String]]) {
    let one = try #require(made.documents.first { $0.tokens == tokens })
    return (Document(name: "notes.txt", text: made.text(one)), one.questions)
  }

  /// The share of questions whose answer is exact, right from the state of one general reading.
  private func share(
    _ asked: [[String]], _ reading: DocumentReading, _ ablation: StateAblation = .none
  ) throws -> Double {
    var options = AnswerOptions()
    options.route = .reading
    options.ablation = ablation
    let right = try asked.count { pair in
      let answer = try answerer.answer(Question(pair[0]), from: reading, options)
      return answer.candidates.last?.text == pair[1]
    }
    return Double(right) / Double(asked.count)
  }

  @Test func theRuleMakesTheDocuments() {
    for one in made.documents where one.tokens < 100_000 {
      let text = made.text(one)
      #expect(text.utf8.count == one.bytes)
      #expect(text.fnv1a64 == one.fnv1a64)
    }
  }

  @Test func whatWasReadIsAnsweredFromTheState() throws {
    let (document, asked) = try document(tokens: 1024)
    let reading = try answerer.open(document)
    #expect(try share(asked, reading) >= 0.95)
    #expect(try share(asked, reading, .all) <= 0.1, "with nothing read, nothing is known")
  }

  @Test func aLongDocumentIsRememberedToo() throws {
    let (document, asked) = try document(tokens: 16_384)
    let reading = try answerer.open(document)
    #expect(try share(asked, reading) >= 0.9)
    #expect(try share(Array(asked.prefix(20)), reading, .softmax) <= 0.1)
  }

  @Test(.enabled(if: Self.isLong, "takes minutes: make long"))
  func aBookIsRememberedToo() throws {
    let (document, asked) = try document(tokens: 131_072)
    let reading = try answerer.open(document)
    let share = try share(asked, reading)
    print("recall at \(reading.documentTokens) tokens: \(share)")
    #expect(share >= 0.5)
    #expect(try self.share(asked, reading, .all) <= 0.1)
  }

  private static let isLong = ProcessInfo.processInfo.environment["DOCPROC_LONG"] != nil
}
