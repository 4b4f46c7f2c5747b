import Documents
import Foundation
import Testing

@testable import Retrieval

@Suite struct EvidenceTests {
  private static func text(_ text: String) -> QuotableText {
    QuotableText(Document(name: "a.txt", text: text))
  }

  private static func text(files: [(path: String, text: String)]) -> QuotableText {
    var parts: [Document.Part] = []
    var start = 0
    for file in files {
      let length = file.text.unicodeScalars.count
      parts.append(Document.Part(path: file.path, start: start, length: length))
      start += length + 2
    }

    let text = files.map(\.text).joined(separator: "\n\n")
    return QuotableText(Document(name: "repository", text: text, parts: parts))
  }

  private static let filler = (0..<30).map {
    "Plain sentence number \($0) talks of weather, of wind and of nothing else that matters here "
      + "at all."
  }

  @Test func shortParagraphsAreJoinedAndLongOnesCut() {
    let text = Self.text("One.\n\nTwo.\n\n" + Self.filler.joined(separator: " "))
    let blocks = text.blocks
    #expect(blocks.ofUnit[0] == blocks.ofUnit[1], "two short paragraphs")
    #expect(blocks.count > 1, "no block grows beyond its bound")
    for block in 0..<blocks.count {
      let members = text.units.ranges.indices.filter { blocks.ofUnit[$0] == block }
      #expect(
        text.units.ranges[members.last!].upperBound - text.units.ranges[members[0]].lowerBound
          <= 1600)
    }
  }

  @Test func wordsThatFollowEachOtherCountMore() {
    let text = Self.text(
      "The garden has a wall. The north of the garden is wet.\n\n"
        + Self.filler[..<8].joined(separator: " ")
        + "\n\nA garden wall in the north fell, and nobody heard of it.\n\n"
        + Self.filler[8..<16].joined(separator: " "))
    #expect(text.best("What happened to the north garden wall?")?.contains("fell") == true)
  }

  @Test func wordsThatBeginAlikeCountSomething() {
    let text = Self.text(
      Self.filler[..<8].joined(separator: " ") + "\n\nThe administration resigned in June.\n\n"
        + Self.filler[8..<16].joined(separator: " ")
    )
    #expect(text.best("Who was the administrator?")?.contains("resigned") == true)
  }

  @Test func partsOfIdentifiersAreFound() {
    let text = Self.text(
      Self.filler[..<8].joined(separator: " ") + "\n\nCall openDocumentReader before anything.\n\n"
        + Self.filler[8])
    #expect(text.best("How is a document opened?")?.contains("openDocumentReader") == true)
    #expect(
      Words.stems(of: "openDocumentReader") == [Words.stem(Array("openDocumentReader".utf8)[...])],
      "parts are no words of their own")
  }

  @Test func definitionsComeBeforeUses() {
    let uses = (0..<12).map {
      "  let a\($0) = window(\($0)) + window(1) + window(2)\n  check(a\($0))"
    }
    let text = Self.text(files: [
      ("calls.swift", uses.joined(separator: "\n\n")),
      (
        "a.swift",
        "struct Frame {\n  var size: Int\n}\n\n  func window(_ size: Int) -> Frame {\n    "
          + "Frame(size: size)\n  }"
      ),
      (
        "b.c",
        "int in_file(char c) { return 0; }\n\nstatic const char *read_line(FILE *file) {\n  "
          + "return 0;\n}"
      ),
      (
        "c.c",
        (0..<5).map { "  x = read_line(file);\n  y\($0) = read_line(file);" }.joined(
          separator: "\n\n")
      ),
    ])
    for question in [
      "In which file is the function window defined?", "What does window() return?",
      "Where is window defined?",
    ] {
      #expect(text.best(question)?.contains("func window") == true, "\(question)")
    }

    #expect(
      text.best("What type does the function read_line return?")?.contains("char *read_line")
        == true)
    #expect(
      text.best("Where is the function window called?")?.contains("let a") == true, "asked for uses"
    )
  }

  @Test func namesInQuestionsAreFound() {
    func names(_ question: String) -> Set<Int> { Question(question).names }
    #expect(names("What does the function send return?") == [4])
    #expect(names("What does readBlock do?") == [2] && names("What does read_block do?") == [2])
    #expect(names("Who calls send()?") == [2])
    #expect(names("Where is send defined?") == [2])
    #expect(names("Where is the file that it is defined in?").isEmpty)
    #expect(names("What is the class of the function?").isEmpty)
    #expect(names("Where are exit codes defined?").isEmpty, "two words are no name")
  }

  @Test func questionsForAFileAreFound() {
    func asksForFile(_ question: String) -> Bool { Question(question).kind == .file }
    for question in [
      "In which file is the function send defined?", "Which source file handles retries?",
      "In what module is it?",
      "Where is send defined?", "Where is the class Queue implemented?", "which file?",
    ] { #expect(asksForFile(question), "\(question)") }

    for question in [
      "Which file format does it read?", "What does the function send return?",
      "What is in the file?", "Where are exit codes defined?",
      "Where is Paris?", "What file does it write?",
    ] { #expect(!asksForFile(question), "\(question)") }
  }

  @Test func quotesAreOfDifferentBlocksAndNoQuestions() {
    let text = Self.text(
      "Who stole the tarts? The knave stole the tarts.\n\n"
        + Self.filler[..<8].joined(separator: " ")
        + "\n\nThe tarts were on a dish.\n\n" + Self.filler[8..<16].joined(separator: " "))
    let evidence = text.ranked("Who stole the tarts?")
    #expect(text.line(ofUnit: evidence.ranked[0].unit) == "The knave stole the tarts.")
    #expect(
      Set(evidence.ranked.map { evidence.blocks.ofUnit[$0.unit] }).count == evidence.ranked.count)
    #expect(evidence.ranked.allSatisfy { (0...1).contains($0.score) })
    #expect(evidence.support > 0.5)
    #expect(text.ranked("Which submarine crossed the Arctic Ocean in 1958?").support < 0.1)
  }

  @Test func evidenceIsSpreadWhereNoBlockStandsOut() {
    let talk = (0..<4).map {
      "On day \($0) the knave spoke of tarts and left the hall.\n\n"
        + Self.filler[($0 * 6)..<($0 * 6 + 6)].joined(separator: " ")
    }
    let text = Self.text(
      talk.joined(separator: "\n\n") + "\n\nThe dormouse slept in a teapot until noon.\n\n"
        + Self.filler[24])
    #expect(
      text.ranked("What did the knave confess about Alice's pastry, the tarts?").isSpread,
      "four blocks say the same of it")
    #expect(!text.ranked("Where did the dormouse sleep?").isSpread)
    let told = text.ranked("What did the knave say of the tarts?")
    #expect(
      told.ranked[2].score == told.ranked[0].score && !told.isSpread,
      "each says nearly all that is asked")
  }

  @Test func stretchesEndBetweenUnitsAndWithTheirFile() {
    let first = Self.filler[..<3].joined(separator: " ")
    let rest = Self.filler[3...].joined(separator: " ")
    let text = Self.text(files: [("a.md", first), ("b.md", rest)])
    let stretches = text.stretches
    #expect(stretches.ofUnit[..<5] == [0, 0, 0, 1, 1], "the fourth unit begins the next file")
    #expect(text.blocks.ofUnit[..<5] == [0, 0, 0, 1, 1])
    for stretch in 1..<stretches.count - 1 {
      let members = text.units.ranges.indices.filter { stretches.ofUnit[$0] == stretch }
      let bytes = members.map {
        Int(text.units.ranges[$0].upperBound - text.units.ranges[members[0]].lowerBound)
      }
      #expect(bytes.last! >= 550 && bytes.dropLast().allSatisfy { $0 < 550 })
    }
  }

  @Test func anAnswersWordsDecideBetweenQuotesThatMatchTheQuestionAlike() throws {
    let text = Self.text(
      "The knave was seen near the tarts in June.\n\n" + Self.filler[..<8].joined(separator: " ")
        + "\n\nThe knave was seen near the tarts in Kent.\n\n"
        + Self.filler[8..<16].joined(separator: " "))
    let asked = LexicalScores(Question("Where was the knave seen near the tarts?"), text)
    let none = [Double](repeating: 0, count: text.units.ranges.count)
    func first(_ answer: String, _ attention: [Double]) throws -> String {
      let evidence = Evidence(
        text, asked, answer: LexicalScores(Question(answer), text), attention: attention)
      #expect(evidence.ranked.allSatisfy { (0...1).contains($0.score) })
      return text.excerpt(ofUnit: try #require(evidence.ranked.first).unit).text
    }
    #expect(try first("in Kent", none).contains("Kent"))
    #expect(try first("in June", none).contains("June"))

    let kent = try #require(
      text.units.ranges.indices.first { text.line(ofUnit: $0).contains("Kent") })
    var looks = none
    looks[kent] = 1
    #expect(try first("by a lake", looks).contains("Kent"), "where the model looked decides")
  }

  @Test func anEmptyTextHasNoEvidence() {
    let evidence = Self.text("  ").ranked("Who stole the tarts?")
    #expect(evidence.ranked.isEmpty && evidence.support == 0)
  }

  @Test func anAnswerThatSaysNoMoreThanTheQuestionRepeatsIt() {
    func repeats(_ answer: String, _ question: String) -> Bool {
      Question(question).isRepeated(by: answer)
    }
    #expect(
      repeats("the King.", "Who is with the king?")
        && repeats("A job", "What job did the king offer?"))
    #expect(repeats("tarts were stolen", "Were the tarts being stolen?") && repeats("", "Who?"))
    #expect(
      !repeats("the king's nurse", "Who is with the king?")
        && !repeats("two", "How many tarts are there?"))
  }

  @Test(arguments: [
    ("What is it about?", true), ("What's this book about?", true),
    ("Summarize the story, please.", true), ("Give me a summary", true),
    ("What does this code do?", false), ("What is the trial about?", false),
    ("Who summarizes the case?", false), ("Who is it?", false),
    ("", false), ("About how many are there?", false), ("About when was it?", false),
    ("Tell me about this book.", true),
  ])
  func whatADocumentIsAboutItsSummaryTells(question: String, expected: Bool) {
    #expect((Question(question).kind == .wholeText) == expected)
  }

  @Test func questionsAreEqualByTheirBytes() {
    #expect(Question("Who?") == Question("Who?"))
    #expect(Question("caf\u{E9}") != Question("cafe\u{301}"), "other tokens, another reading")
    #expect(Question(" \n").isBlank && !Question("?").isBlank)
  }

  private static let licensed = """
    The Project Gutenberg eBook of The Lamp

    This eBook is for the use of anyone, the keeper of a lamp or not.

    *** START OF THE PROJECT GUTENBERG EBOOK THE LAMP ***

    The old man kept the lamp. \(filler[0]) \(filler[1])

    *** END OF THE PROJECT GUTENBERG EBOOK THE LAMP ***

    The keeper of the lamp, the lamp and its keeper are a trademark. Royalty payments go to the
    keeper of the lamp within 60 days.
    """

  @Test(arguments: [
    ("Who is the keeper of the lamp?", "The old man kept the lamp."),
    ("Who gets royalty payments under the license?", "Royalty payments go to"),
  ])
  func whatIsAboutTheCopyAnswersOnlyWhatIsAskedAboutIt(question: String, quote: String) {
    #expect(Self.text(Self.licensed).best(question)?.hasPrefix(quote) == true)
  }

  @Test func whatIsAboutTheCopyIsNotCentral() {
    let text = Self.text(Self.licensed)
    for unit in text.units.ranges.indices {
      let says = text.line(ofUnit: unit)
      guard says.contains("trademark") || says.contains("Royalty") else { continue }
      #expect(CentralScores(text).scores[unit] == 0, "\(says)")
    }
  }

  @Test func theFirstQuoteHoldsTheAnswer() throws {
    let text = Self.text(
      "The pilot of the boat was asked about the pilot and the boat.\n\n"
        + Self.filler[..<8].joined(separator: " ")
        + "\n\nHugo Lane steered it.\n\n" + Self.filler[8..<16].joined(separator: " "))
    let question = LexicalScores(Question("Who was the pilot of the boat?"), text)
    let evidence = Evidence(
      text, question, answer: LexicalScores(Question("Hugo Lane"), text),
      attention: [Double](repeating: 0, count: text.units.ranges.count))
    #expect(text.line(ofUnit: try #require(evidence.ranked.first).unit) == "Hugo Lane steered it.")
    #expect(evidence.ranked.map(\.score) == evidence.ranked.map(\.score).sorted(by: >))
  }

  @Test func wordsOfAnAnswerAreMarked() {
    let text = Self.text("Ä lamp was lit by Mara Quist and the dog.")
    let marks = text.marks(of: Set(Words.stems(of: "the keeper Mara Quist")), inUnit: 0)
    let scalars = Array(text.document.text.unicodeScalars)
    #expect(
      marks.map { String(String.UnicodeScalarView(scalars[$0])) } == ["Mara Quist"],
      "a stop word alone marks nothing")
  }
}

extension QuotableText {
  fileprivate func ranked(_ question: String) -> Evidence {
    Evidence(
      self, LexicalScores(Question(question), self), attention: units.ranges.map { _ in 0 })
  }

  fileprivate func best(_ question: String) -> String? {
    ranked(question).ranked.first.map { excerpt(ofUnit: $0.unit).text }
  }
}
