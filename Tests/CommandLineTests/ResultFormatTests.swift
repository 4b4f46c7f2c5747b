import Foundation
import Rendering
import Results
import TestSupport
import Testing

@testable import docproc

/// Results as Markdown, HTML, CSV and opened quotes; documents and models say what they like.
@Suite struct ResultFormatTests {
  private static let text = "One <b>line</b>.\nThe 𝄞 second & \"third\" line.\nThe end.\n"

  private func quote(_ words: String, in text: String = text) throws -> Quote {
    let range = try #require(text.range(of: words))
    let start = text[..<range.lowerBound].unicodeScalars.count
    return Quote(
      start: start, end: start + words.unicodeScalars.count, quote: words, score: 0.5,
      chapter: "Chapter <1>", percent: 10)
  }

  private func record(
    _ answer: String, _ quotes: [Quote], answers: [ResultRecord.AnswerInfo]? = nil
  ) -> ResultRecord {
    ResultRecord(
      task: "ask", question: "Who <script>?",
      document: .init(
        name: "a<i>.txt", sha256: "0", bytes: 10, tokens: 3), answer: answer, supported: true,
      evidence: quotes, answers: answers, model: .init(name: "m", sha256: "1"),
      reading: ReadingFigures(), worker: "w")
  }

  // MARK: HTML

  @Test func quotesAreMarkedInTheirPlace() throws {
    let quotes = try [quote("The 𝄞 second & \"third\" line."), quote("The end.")]
    let html = HTMLResult(record("yes", quotes), document: Self.text).text
    #expect(
      html.contains(
        "<mark id=\"q1\">The 𝄞 second &amp; &quot;third&quot; line."))
    #expect(html.contains("<mark id=\"q2\">The end."))
    #expect(html.contains("href=\"#q1\"") && html.contains("href=\"#quote-1\""))
  }

  @Test func nothingOfADocumentIsMarkup() throws {
    let hostile = "</div><script>alert(1)</script>\u{202E}\u{0}'\"><img src=x onerror=y>"
    let html = HTMLResult(record(hostile, []), document: hostile + Self.text).text
    #expect(!html.contains("<script") && !html.contains("<img") && !html.contains("\u{202E}"))
    #expect(html.contains("default-src 'none'"))
    #expect(!html.contains("http://") && !html.contains("https://"))
  }

  @Test func quotesThatOverlapAreMarkedOnce() throws {
    let quotes = try [quote("second & \"third\""), quote("The 𝄞 second"), quote("third\" line")]
    let html = HTMLResult(record("yes", quotes), document: Self.text).text
    #expect(html.components(separatedBy: "<mark ").count == 2)
    for number in 1...3 { #expect(html.contains("id=\"q\(number)\"")) }
    let outside = Quote(start: 900, end: 950, quote: "gone", score: 1)
    #expect(HTMLResult(record("yes", [outside]), document: Self.text).text.contains("The end."))
  }

  // MARK: Markdown

  @Test func markdownOfADocumentIsText() throws {
    let words = "# *no* heading | [x](y) <b> `c`"
    let markdown = MarkdownResult(record(words, [try quote("One <b>line</b>.")])).text
    #expect(markdown.contains(##"\# \*no\* heading \| \[x\](y) \<b\> \`c\`"##))
    #expect(markdown.contains(#"> One \<b\>line\</b\>."#))
    #expect(MarkdownResult(record("1. one", [])).text.contains(#"1\. one"#))
    #expect(MarkdownResult(record("- one", [])).text.contains(#"\- one"#))
  }

  @Test func manyAnswersHaveAHeadingEach() throws {
    let answers = ["a", "b"].map {
      ResultRecord.AnswerInfo(
        id: $0, question: "Q \($0)", answer: "A \($0)", answeredFrom: nil, supported: true,
        uncertain: false, evidence: [])
    }
    let many = record("2 answers", [], answers: answers)
    #expect(MarkdownResult(many).text.contains("## a: Q a\n\nA a\n\n## b: Q b"))
    #expect(PlainResult.text(many) == "a: A a\nb: A b")
    #expect(HTMLResult(many, document: Self.text).text.contains("A b"))
  }

  // MARK: Quotes and cells

  @Test func anOpenedQuoteStandsAmongItsLines() throws {
    let opened = OpenedQuote(try quote("second"), document: Self.text)
    let lines = opened.text(.plain)
    #expect(lines.contains("One <b>line</b>.\nThe 𝄞 second & \"third\" line.\nThe end."))
    #expect(lines.hasPrefix("Chapter <1>, 10%"))
  }

  @Test func cellsAreSeparatedAndNeverFormulas() {
    #expect(
      CSV.line(["a", nil, "b,c", "d\"e", "f\ng", "h\r\ni"])
        == "a,,\"b,c\",\"d\"\"e\",\"f\ng\",\"h\r\ni\"")
    #expect(CSV.line(["=1+1", "@x", "-1.5", "+x", "-x"]) == "'=1+1,'@x,-1.5,'+x,'-x")
  }

  // MARK: Questions

  private func file(_ text: String) throws -> QuestionFile {
    let folder = try TemporaryDirectory()
    let path = folder.path + "/q.jsonl"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return try QuestionFile(path: path)
  }

  @Test func brokenLinesAreNamedAndTheRestIsAsked() throws {
    let found = try file(
      """
      {"id": "a", "question": "Who?"}
      {"id": 2, "question": "Why?", "more": 1}

      [1]
      {"question": "Where?"}\r
      {"question": "  "}
      {"question": 7}
      """)
    #expect(found.questions.map(\.id) == ["a", "2", "5"])
    #expect(found.questions.map(\.question) == ["Who?", "Why?", "Where?"])
    #expect(found.problems.count == 3 && found.problems[0].contains(":4:"))
  }

  @Test func filesWithoutQuestionsAndWithDoubleNamesAreRefused() throws {
    for text in ["", "\n\n", "x\n", #"{"question": ""}"#] {
      #expect(throws: UserError.self, "\(text)") { try file(text) }
    }
    #expect(throws: UserError.self) {
      try file("{\"id\": \"a\", \"question\": \"x\"}\n{\"id\": \"a\", \"question\": \"y\"}")
    }
    #expect(throws: UserError.self) { try QuestionFile(path: "/nowhere") }
  }
}
