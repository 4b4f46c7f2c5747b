import Documents
import Foundation
import Results
import TestSupport
import Testing

@testable import Reading

@Suite struct TextUnitTests {
  private func units(_ text: String, in name: String = "a.txt") -> [String] {
    let document = Document(name: name, text: text)
    let bytes = Array(text.utf8)
    return TextUnits(document, bytes: bytes).ranges.map {
      String(decoding: bytes[Int($0.lowerBound)..<Int($0.upperBound)], as: UTF8.self)
    }
  }

  @Test func sentencesEndWhereReadersWouldSay() {
    #expect(
      units(
        "Mr. Darcy bowed. \"No!\" she said, and left.\n\nIt cost 3.5 pounds; e.g. a hat. What? "
          + "日本語です。次の文。"
      )
        == [
          "Mr. Darcy bowed.", "\"No!\" she said, and left.", "It cost 3.5 pounds; e.g. a hat.",
          "What?", "日本語です。", "次の文。",
        ])
  }

  @Test func aFileOfCodeIsCutAtItsLines() {
    let code =
      "def walk(path):\n    # Follows it. Then stops.\n    return path.end\n\ndef run(path):\n   "
      + " return 2 * walk(path)\n"
    let functions = [
      "def walk(path):\n    # Follows it. Then stops.\n    return path.end",
      "def run(path):\n    return 2 * walk(path)",
    ]
    #expect(units(code, in: "tools/walk.PY") == functions)
    #expect(units(code, in: "walk") != functions && units(code, in: "walk.md") != functions)
  }

  @Test func unitsNeverCutAScalarAndNeverGrowLong() {
    let text = String(repeating: "漢字", count: 2000) + String(repeating: " word", count: 500)
    for unit in units(text) {
      #expect(!unit.unicodeScalars.contains("\u{FFFD}"))
      #expect(unit.utf8.count <= 603)
    }
  }

  @Test func scalarAndByteOffsetsAreInverse() {
    let text = String(repeating: "aé漢😀\n", count: 3000)
    let bytes = Array(text.utf8)
    let index = ScalarIndex(bytes)
    for scalar in [0, 1, 2, 3, 4, 4999, 12_345, 14_999] {
      #expect(index.scalarOffset(ofByte: index.byteOffset(ofScalar: scalar)) == scalar)
    }

    #expect(index.byteOffset(ofScalar: 15_000) == bytes.count)
  }

  @Test func stemsJoinForms() {
    #expect(Words.stems(of: "running") == Words.stems(of: "Runs"))
    #expect(Words.stems(of: "stories") == Words.stems(of: "story"))
    #expect(
      Words.stems(of: "tarts, Tart") == [Words.stems(of: "tart")[0], Words.stems(of: "tart")[0]])
    #expect(Words.stems(of: "cat") != Words.stems(of: "car"))
    #expect(Words.stems(of: "“Marley—dead…”") == Words.stems(of: "Marley dead"))
    #expect(Words.stems(of: "नमस्ते दुनिया").count == 2)
  }
}

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
    let reader = try ModelReader(folder: try #require(Repository.defaultModel))
    let document = try Self.excerpt(9000)
    var reported: [Int] = []
    var control = ReadingControl()
    control.progress = { done, _ in reported.append(done) }
    let answer = try reader.read(document, task: .summarize(), control: control)
    #expect(!answer.text.isEmpty)
    #expect(answer.evidence.count >= 5)
    #expect(answer.evidence.map(\.start) == answer.evidence.map(\.start).sorted())
    Self.check(answer.evidence, in: document)
    #expect(answer.figures.passes == 1)
    #expect(answer.figures.tokensRead == answer.documentTokens)
    #expect(answer.documentTokens == reader.countTokens(document.text))
    #expect(reported == reported.sorted() && reported.last == answer.documentTokens)
    #expect(answer.figures.peakRSSBytes > 0)
  }

  @Test func questionsAreAnsweredWithEvidence() throws {
    let reader = try ModelReader(folder: try #require(Repository.defaultModel))
    let document = try Self.excerpt(9000)
    let task = ReadingTask.ask(
      question: "What was written on the label around the neck of the bottle?")
    let answer = try reader.read(document, task: task)
    #expect(answer.isSupported)
    Self.check(answer.evidence, in: document)
    #expect(answer.evidence.prefix(3).contains { $0.quote.contains("DRINK ME") })
    #expect(
      try reader.read(document, task: task).text == answer.text,
      "the same reading gives the same answer")
  }

  @Test func passagesShownTogetherAreStretchesInTheTextsOrder() throws {
    let document = try Self.excerpt(9000)
    let tokens = DocumentTokens(
      document, try ModelTokenizer.open(try #require(Repository.defaultModel)))
    let lexical = tokens.lexicalScores("What was written on the label of the bottle?")
    let evidence = Evidence(
      lexical: lexical, central: nil, attention: tokens.units.ranges.map { _ in 0 },
      asksItself: tokens.asks)
    let views = Passages.together([2, 500, 600], evidence, tokens)
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
    let reader = try ModelReader(folder: try #require(Repository.defaultModel))
    let answer = try reader.read(
      try Self.excerpt(6000),
      task: .ask(question: "Which satellite did the Soviet Union launch in October 1957?"))
    #expect(!answer.isSupported)
    #expect(answer.evidence.isEmpty)
    #expect(answer.text.contains("does not say"))
  }

  @Test func anAnswerMayBeginAsARefusalDoes() throws {
    let folder = try #require(Repository.defaultModel)
    let tokenizer = try ModelTokenizer.open(folder)
    #expect(tokenizer.encode("Nottingham").first == PromptFormat(tokenizer).refusalStart.first)
    let text = try Self.excerpt(3000).text + "\n\nRobin's sister was born in Nottingham.\n"
    let answer = try ModelReader(folder: folder).read(
      Document(name: "news.txt", text: text), task: .ask(question: "Where was Robin's sister born?")
    )
    #expect(answer.isSupported && answer.text.hasPrefix("Nottingham"), "\(answer.text)")
  }

  @Test func aStoppedReadingThrows() throws {
    let reader = try ModelReader(folder: try #require(Repository.defaultModel))
    var blocks = 0
    var control = ReadingControl()
    control.progress = { _, _ in blocks += 1 }
    control.shouldStop = { blocks == 2 }
    #expect(throws: ReadingError.stopped) {
      try reader.read(try Self.excerpt(9000), task: .summarize(), control: control)
    }
    #expect(blocks == 2)
  }

  @Test func anEmptyQuestionIsRefused() throws {
    let reader = try ModelReader(folder: try #require(Repository.defaultModel))
    #expect(throws: ReadingError.emptyQuestion) {
      try reader.read(try Self.excerpt(100), task: .ask(question: "  "))
    }
  }
}
