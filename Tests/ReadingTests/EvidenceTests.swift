import Documents
import Foundation
import Testing

@testable import Reading

@Suite struct EvidenceTests {
  private struct Text {
    let units: TextUnits
    let bytes: [UInt8]

    init(_ text: String) {
      bytes = Array(text.utf8)
      units = TextUnits(Document(name: "a.txt", text: text), bytes: bytes)
    }

    init(files: [(path: String, text: String)]) {
      let text = files.map(\.text).joined(separator: "\n\n")
      bytes = Array(text.utf8)
      var parts = [Document.Part]()
      var start = 0
      for file in files {
        parts.append(
          Document.Part(path: file.path, start: start, length: file.text.unicodeScalars.count))
        start += file.text.unicodeScalars.count + 2
      }

      units = TextUnits(Document(name: "repository", text: text, parts: parts), bytes: bytes)
    }

    func unit(_ index: Int) -> String {
      let range = units.ranges[index]
      return String(decoding: bytes[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
    }

    func ranked(_ question: String) -> Evidence {
      let lexical = LexicalScores(
        question: question, units: units, blocks: TextBlocks(units, bytes: bytes), bytes: bytes)
      return Evidence(
        lexical: lexical, central: nil,
        attention: [Double](repeating: 0, count: units.ranges.count),
        asksItself: { unit($0).hasSuffix("?") })
    }

    func best(_ question: String) -> String? { ranked(question).ranked.first.map { unit($0.unit) } }
  }

  private static func paragraph(_ sentences: String...) -> String {
    sentences.joined(separator: " ")
  }
  private static let filler = (0..<30).map {
    "Plain sentence number \($0) talks of weather, of wind and of nothing else that matters here "
      + "at all."
  }

  @Test func shortParagraphsAreJoinedAndLongOnesCut() {
    let text = Text("One.\n\nTwo.\n\n" + Self.filler.joined(separator: " "))
    let blocks = TextBlocks(text.units, bytes: text.bytes)
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
    let text = Text(
      "The garden has a wall. The north of the garden is wet.\n\n"
        + Self.filler[..<8].joined(separator: " ")
        + "\n\nA garden wall in the north fell, and nobody heard of it.\n\n"
        + Self.filler[8..<16].joined(separator: " "))
    #expect(text.best("What happened to the north garden wall?")?.contains("fell") == true)
  }

  @Test func wordsThatBeginAlikeCountSomething() {
    let text = Text(
      Self.filler[..<8].joined(separator: " ") + "\n\nThe administration resigned in June.\n\n"
        + Self.filler[8..<16].joined(separator: " ")
    )
    #expect(text.best("Who was the administrator?")?.contains("resigned") == true)
  }

  @Test func partsOfIdentifiersAreFound() {
    let text = Text(
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
    let text = Text(files: [
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
    func names(_ question: String) -> Set<Int> { CodeNames.places(in: Array(question.utf8)) }
    #expect(names("What does the function send return?") == [4])
    #expect(names("What does readBlock do?") == [2] && names("What does read_block do?") == [2])
    #expect(names("Who calls send()?") == [2])
    #expect(names("Where is send defined?") == [2])
    #expect(names("Where is the file that it is defined in?").isEmpty)
    #expect(names("What is the class of the function?").isEmpty)
    #expect(names("Where are exit codes defined?").isEmpty, "two words are no name")
  }

  @Test func questionsForAFileAreFound() {
    func asksForFile(_ question: String) -> Bool { CodeNames.asksForFile(Array(question.utf8)) }
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
    let text = Text(
      "Who stole the tarts? The knave stole the tarts.\n\n"
        + Self.filler[..<8].joined(separator: " ")
        + "\n\nThe tarts were on a dish.\n\n" + Self.filler[8..<16].joined(separator: " "))
    let evidence = text.ranked("Who stole the tarts?")
    #expect(text.unit(evidence.ranked[0].unit) == "The knave stole the tarts.")
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
    let text = Text(
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
    let text = Text(files: [("a.md", first), ("b.md", rest)])
    let stretches = TextBlocks(stretchesOf: text.units)
    #expect(stretches.ofUnit[..<5] == [0, 0, 0, 1, 1], "the fourth unit begins the next file")
    #expect(TextBlocks(text.units, bytes: text.bytes).ofUnit[..<5] == [0, 0, 0, 1, 1])
    for stretch in 1..<stretches.count - 1 {
      let members = text.units.ranges.indices.filter { stretches.ofUnit[$0] == stretch }
      let bytes = members.map {
        Int(text.units.ranges[$0].upperBound - text.units.ranges[members[0]].lowerBound)
      }
      #expect(bytes.last! >= 550 && bytes.dropLast().allSatisfy { $0 < 550 })
    }
  }

  @Test func anEmptyTextHasNoEvidence() {
    let evidence = Text("  ").ranked("Who?")
    #expect(evidence.ranked.isEmpty && evidence.support == 0)
  }

  @Test func highlightsAreCondensedTwoAtATime() {
    for count in 0...12 {
      let sentences = (0..<count).map(String.init)
      let parts = SummaryWriter.parts(sentences)
      #expect(parts.flatMap { $0 } == sentences)
      #expect(parts.allSatisfy { (1...2).contains($0.count) })
    }
  }

  @Test func whatNoHighlightSaysIsLeftOutOfASummary() {
    let highlights = [
      "She found in the box a very small cake, beautifully marked in currants.",
      "The Hatter was angry.",
    ]
    let told = "She opened the box and found a small cake marked in currants."
    let invented = "Her father had married a rich widow in the country."
    let support = SummarySupport(highlights)
    #expect(support.borneOut("\(told) \(invented)") == told)
    #expect(support.borneOut(invented).isEmpty)
    let asked = SummarySupport(highlights + ["Did her father marry a widow?"])
    #expect(asked.borneOut(invented) == invented, "what was asked about is no invention")
  }

  @Test func anAnswerThatSaysNoMoreThanTheQuestionRepeatsIt() {
    func repeats(_ answer: String, _ question: String) -> Bool {
      Candidate.repeats(question, in: answer)
    }
    #expect(
      repeats("the King.", "Who is with the king?")
        && repeats("A job", "What job did the king offer?"))
    #expect(repeats("tarts were stolen", "Were the tarts being stolen?") && repeats("", "Who?"))
    #expect(
      !repeats("the king's nurse", "Who is with the king?")
        && !repeats("two", "How many tarts are there?"))
  }

  @Test func anUnsureAnswerIsOneThatIsUnlikelyOrFromAPassageThatMatchesLess() {
    func candidate(
      refusal: Double = 0.01, confidence: Double = -0.1, match: Double = 1, repeats: Bool = false
    ) -> Candidate {
      Candidate(
        text: "x", refusal: refusal, confidence: confidence, match: match, generatedTokens: 1,
        repeatsQuestion: repeats)
    }
    #expect(!candidate().isUnsure)
    #expect(
      candidate(confidence: -1.5).isUnsure && candidate(refusal: 0.9).isUnsure
        && candidate(match: 0.5).isUnsure)
    #expect(
      candidate(confidence: -0.4).weight > candidate(match: 0.8).weight,
      "what matches wins over what is sure")
    #expect(
      candidate(repeats: true).isUnsure
        && candidate(confidence: -0.5).weight > candidate(repeats: true).weight)
  }

  private static func candidate(
    _ text: String, refusal: Double = 0.1, confidence: Double = -0.5, repeats: Bool = false
  ) -> Candidate {
    Candidate(
      text: text, refusal: refusal, confidence: confidence, match: 1, generatedTokens: 1,
      repeatsQuestion: repeats)
  }

  @Test func theAnswerIsGivenThatTheOthersAgreeWith() {
    let views = [
      Self.candidate("the old mill", confidence: -0.4), Self.candidate("his uncle"),
      Self.candidate("Uncle Toby"),
      Self.candidate("to his uncle's"),
    ]
    #expect(Candidates(agreeing: views).all.last?.text == "his uncle")
    #expect(Candidates(alone: views).all.last?.text == "the old mill")
    #expect(
      Candidates(agreeing: Array(views.prefix(2)), besides: [views[2]]).all.map(\.text) == [
        "Uncle Toby", "his uncle", "the old mill",
      ])
    let echo = [
      Self.candidate("the uncle", repeats: true), Self.candidate("uncle", repeats: true),
      Self.candidate("a mill in Kent"),
    ]
    #expect(
      Candidates(agreeing: echo).all.last?.text == "a mill in Kent",
      "two that repeat the question lose against one that says more")
  }

  @Test func viewsDoubtTogether() {
    let sure = Self.candidate("Kent", refusal: 0.1)
    let torn = Self.candidate("Kent", refusal: 0.9)
    #expect(abs(Candidates(agreeing: [sure, torn]).refusal - 0.5) < 1e-9)
    #expect(
      abs(Candidates(agreeing: [sure, sure, torn]).refusal - 1 / (1 + pow(9, 1.0 / 3))) < 1e-9)
    #expect(Candidates(alone: [sure, torn]).refusal == 0.1 && Candidates.none.refusal == 1)
  }

  @Test func aRefusalInOtherLettersIsNoAnswer() {
    let refusal = Self.candidate("not in the document", refusal: 0.2, confidence: -0.01)
    let answer = Self.candidate("Kent", confidence: -2)
    #expect(
      Candidates(alone: [refusal, answer]).all.last == answer
        && Candidates(agreeing: [refusal, refusal, answer]).all.last == answer)
    #expect(
      Candidates(alone: [refusal]).refusal == 1 && Candidates(agreeing: [refusal]).refusal == 1)
    #expect(!Self.candidate("Not in Kent").refuses)
  }

  @Test func agreementIsTheSharedPartOfTwoAnswersWords() {
    #expect(Candidate.agreement(of: "The white horse.", with: "a White Horse") == 1)
    #expect(Candidate.agreement(of: "red horses", with: "the horse") == 2.0 / 3)
    #expect(
      Candidate.agreement(of: "Kent", with: "Surrey") == 0
        && Candidate.agreement(of: "", with: "Kent") == 0)
    #expect(Candidate.agreement(of: "the", with: "") == 1)
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
    #expect(QuestionTerms.asksForSummary(question) == expected)
  }
}
