import Documents
import Foundation
import Results
import TestSupport
import Testing

@testable import Evaluation

@Suite struct MetricTests {
  @Test func answersAreComparedAsSQuADDoes() {
    #expect(AnswerMetrics.words("The  Cat's (big) hat, an owl.") == ["cats", "big", "hat", "owl"])
    #expect(AnswerMetrics.exactMatch("the 1,000 men", ["1000 men", "x"]) == 1)
    #expect(AnswerMetrics.exactMatch("men", ["1000 men"]) == 0)
    // 2 of 3 words right, 2 of 4 found.
    #expect(abs(AnswerMetrics.f1("red red rose", ["a red rose in May"]) - 4.0 / 7) < 1e-12)
    #expect(AnswerMetrics.f1("no", ["yes"]) == 0)
    #expect(AnswerMetrics.f1("", ["the"]) == 1)
    #expect(AnswerMetrics.f1("blue", ["red", "blue"]) == 1)
  }

  private struct Golden: Decodable {
    let text: String
    let reference: String
    let rouge1: Double
    let rouge2: Double
    let rougeL: Double
  }

  @Test func rougeIsThatOfRougeScore() throws {
    let file = URL(fileURLWithPath: Repository.fixture("rouge.json"))
    let goldens = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: file))
    #expect(goldens.count > 20)
    for golden in goldens {
      let rouge = Rouge(golden.text, references: [golden.reference])
      #expect(abs(rouge.one - golden.rouge1) < 1e-9, "\(golden.text)")
      #expect(abs(rouge.two - golden.rouge2) < 1e-9, "\(golden.text)")
      #expect(abs(rouge.longest - golden.rougeL) < 1e-9, "\(golden.text)")
    }
  }

  @Test func passagesAreRankedByRareWords() {
    let passages = [
      "the cat sat on the mat", "the dog ate the cake", "a cat and a dog met a zebra",
    ]
    #expect(PassageIndex(passages).best(1, for: "Where is the zebra?") == [2])
    #expect(PassageIndex(passages).best(3, for: "cake").first == 1)
  }

  @Test func textRankPrefersWhatSentencesShare() {
    let text = """
      Queen Anne ruled the island kingdom wisely. It rained. The island kingdom traded wool and grain. Gulls cried overhead all day. \
      Traders of wool and grain loved Queen Anne. Somebody sneezed twice yesterday evening. Queen Anne of the island kingdom sold wool.
      """
    let summary = ExtractiveSummary.textRank(text)
    #expect(summary.contains("sold wool"))
    #expect(!summary.contains("sneezed"))
    #expect(ExtractiveSummary.lead(text).hasPrefix("Queen Anne ruled"))
  }
}

@Suite struct EvaluationDataTests {
  private func article(_ title: String, paragraphs: Int) -> Article {
    let made = (0..<paragraphs).map { index in
      Article.Paragraph(
        context: "\(title) paragraph \(index): é\(String(repeating: " word", count: 20)).",
        qas: [
          .init(question: "\(title) \(index)?", answers: ["word"]),
          .init(question: "\(title) \(index) not?", answers: []),
        ])
    }
    return Article(title: title, paragraphs: made)
  }

  @Test func joinedArticlesAreDeterministicAndKnowWhereParagraphsStand() {
    let articles = ["A", "B", "C", "D"].map { article($0, paragraphs: 6) }
    let made = JoinedArticles(articles, characters: 1000, seed: 3)
    #expect(made.text == JoinedArticles(articles, characters: 1000, seed: 3).text)
    #expect(made.text.count <= 1000 && made.isFull)
    #expect(
      !JoinedArticles(articles, characters: 1_000_000, seed: 3).isFull, "there is not that much")
    let scalars = Array(made.text.unicodeScalars)
    for (index, paragraph) in made.paragraphs.enumerated() {
      #expect(
        String(String.UnicodeScalarView(scalars[made.range(ofParagraph: index)])) == paragraph)
    }

    let asked = made.questions(3, adversarial: false)
    #expect(asked.count == 6)
    for question in asked {
      if let place = question.paragraph {
        #expect(made.paragraphs[place].hasPrefix(question.text.prefix(1)))
      } else {
        #expect(
          !made.text.contains("\(question.text.prefix(1)) paragraph"),
          "an article of which nothing is in the text")
      }
    }

    #expect(
      made.questions(3, adversarial: true).filter { $0.paragraph == nil }.allSatisfy {
        $0.text.hasSuffix("not?")
      })
  }

  @Test func missingDataIsNamed() {
    #expect(throws: EvaluationError.self) {
      try EvaluationData(folder: "/no/such").records("squad", as: SummarizedText.self)
    }
    do {
      _ = try EvaluationData(folder: "/no/such").records("squad", as: SummarizedText.self)
    } catch {
      #expect("\(error)".contains("squad.jsonl") && "\(error)".contains("--data"))
    }
  }

  @Test(arguments: [
    (#"{"text": " \n", "questions": []}"#, "set, line 2: its text is blank"),
    (#"{"text": "a"}"#, "set, line 2: it has no questions"),
    (#"{"text": 1, "questions": []}"#, "set, line 2: text: "), ("no", "set, line 2: "),
  ])
  func aBadRecordIsNamedWithWhatIsWrong(line: String, expected: String) throws {
    let directory = try TemporaryDirectory()
    _ = try directory.write(
      "set.jsonl", #"{"text": "a", "questions": [{"q": "b", "refs": ["c"]}]}"# + "\n" + line + "\n")
    do {
      let records = try EvaluationData(folder: directory.path).records(
        "set", as: QuestionedText.self)
      Issue.record("\(records.count) records were read")
    } catch {
      #expect("\(error)".hasPrefix(expected) && "\(error)".count > "set, line 2: ".count)
    }
  }

  @Test func compressedDataIsReadWholeOrRefused() throws {
    let directory = try TemporaryDirectory()
    let line = #"{"text": "\#(String(repeating: "a", count: 90_000))", "summary": "b"}"# + "\n"
    let frame = try CompressedBytes(compressing: Array((line + line).utf8), level: 3).payload
    func records(_ bytes: [UInt8]) throws -> [SummarizedText] {
      let path = try directory.write("set.jsonl.zst", "")
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      return try EvaluationData(folder: directory.path).records("set", as: SummarizedText.self)
    }
    #expect(try records(frame).count == 2)
    #expect(try records(frame + frame).count == 4, "frames may follow each other")
    for bad in [Array(frame.dropLast(5)), Array(frame.prefix(8)), [1, 2, 3, 4, 5, 6, 7, 8, 9]] {
      #expect(throws: EvaluationError.self) { try records(bad) }
    }

    let broken = try CompressedBytes(compressing: Array("{}\n".utf8), level: 3).payload
    #expect(throws: EvaluationError.self) { try records(broken) }
  }

  @Test func aStoppedEvaluationGoesOn() throws {
    let path = NSTemporaryDirectory() + "docproc-log-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let log = try EvaluationLog(path: path)
    try log.add("a") { EvaluationItem(group: "g", values: ["x": 1, "y": 3], texts: [:]) }
    // A second item, cut off in the middle of its line.
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("{\"key\":\"b\",\"item\":{".utf8))
    let again = try EvaluationLog(path: path)
    var measured: [String] = []
    for key in ["a", "b"] {
      try again.add(key) {
        measured.append(key)
        return EvaluationItem(group: "g", values: ["x": 2], texts: [:])
      }
    }

    #expect(measured == ["b"])
    let row = EvaluationTable(try EvaluationLog(path: path).items, ratios: [("r", "y", "x")]).rows[
      0]
    #expect(row.items == 2 && row.values == ["x": 1.5, "y": 3, "r": 2])
  }

  @Test func functionsDefinedOnceAreFound() {
    let text =
      "func alphaBeta(_ x: Int) -> [String: Int] {\n}\n\ndef gamma_delta(self):\n    pass\nfunc "
      + "alphaBeta2() {}\nfn twice()\n"
    let more = "fn twice()\n"
    let document = Self.document([("a/b.swift", text), ("c.rs", more)])
    let found = FunctionDefinition.all(in: document)
    #expect(found.map(\.name) == ["alphaBeta", "alphaBeta2", "gamma_delta"])
    #expect(found[0].returns == "[String: Int]" && found[0].path == "a/b.swift")
    #expect(found[2].returns == nil)
  }

  @Test(arguments: [
    ("func apply(_ step: (Int) -> String, to: Int) -> [Bool] {", "[Bool]"),
    ("func apply(_ step: (Int) -> String) {", nil),
    ("fn apply<T>(step: fn(T) -> u8) -> Vec<T> where T: Copy {", "Vec<T>"),
    ("def apply(step: str) -> Optional[int]:", "Optional[int]"),
    ("func apply(", nil),
  ])
  func returnTypeStandsBehindTheParameters(_ line: String, _ type: String?) {
    #expect(
      FunctionDefinition.all(in: Self.document([("a.swift", line + "\n")])).first?.returns == type)
  }
}

extension EvaluationDataTests {
  private static func document(_ files: [(path: String, text: String)]) -> Document {
    var text = ""
    var parts = [Document.Part]()
    for file in files {
      parts.append(
        .init(
          path: file.path, start: text.unicodeScalars.count, length: file.text.unicodeScalars.count)
      )
      text += file.text
    }

    return Document(name: "repository", text: text, parts: parts)
  }
}
