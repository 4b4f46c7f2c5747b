import Constraints
import Documents
import Foundation
import Reading
import Results
import Retrieval
import Schemas
import TestSupport
import Testing

@testable import Answering

private let canFollow =
  Repository.defaultModel != nil && FileManager.default.fileExists(atPath: GuidanceLibrary.path)

/// Data out of a text, by the default model.
@Suite(.serialized, .enabled(if: canFollow)) struct ExtractionTests {
  // The suite is serial: one thread at a time has it.
  nonisolated(unsafe) private static let answerer = Result {
    try Answerer(folder: Repository.defaultModel ?? "")
  }
  private static let letter = Document(
    name: "letter.txt",
    text: """
      The harbour of Port Ellis was closed on Monday. Captain Mary Hale ordered it.

      Forty boats waited outside. The storm passed on Wednesday, and 1,250 crates were landed.
      """)

  private static func schema(_ text: String) throws -> JSONSchema { try JSONSchema(text: text) }

  @Test func whatIsWrittenIsValidAndHasItsPlaces() throws {
    let schema = try Self.schema(
      """
      {"type": "object", "properties": {"captain": {"type": "string", "maxLength": 30},
        "harbour": {"type": "string", "maxLength": 30}, "open": {"type": "boolean"}},
       "required": ["captain", "harbour", "open"], "additionalProperties": false}
      """)
    var options = AnswerOptions()
    options.mostTokens = 100
    let answer = try Self.answerer.get().read(
      Self.letter, task: .extract(schema), options: options)
    let made = try #require(answer.extraction)
    #expect(SchemaValidator(schema).violation(of: made.value) == nil)
    #expect(made.value.members?.map(\.name) == ["captain", "harbour", "open"])
    #expect(made.fields.map(\.pointer) == ["/captain", "/harbour", "/open"])
    #expect(answer.figures.passes == 1 && (answer.figures.forcedTokens ?? 0) > 0)
    let text = Array(Self.letter.text.unicodeScalars)
    for field in made.fields {
      #expect(field.supported == (field.quote != nil))
      guard let quote = field.quote else { continue }
      let stands = String(String.UnicodeScalarView(text[quote.start..<quote.end]))
      #expect(stands == quote.quote)
    }
    let again = try Self.answerer.get().read(
      Self.letter, task: .extract(schema), options: options)
    #expect(again.text == answer.text)
  }

  @Test func anAnswerThatDoesNotEndIsAnError() throws {
    let schema = try Self.schema(#"{"type":"string","minLength":3000}"#)
    var options = AnswerOptions()
    options.mostTokens = 20
    #expect(throws: ExtractionError.incomplete(tokens: 20)) {
      try Self.answerer.get().read(Self.letter, task: .extract(schema), options: options)
    }
  }

  @Test func whatCannotBeFollowedIsRefusedBeforeTheReading() throws {
    let schema = try Self.schema(#"{"properties":{"a":{"not":{}}}}"#)
    var control = ReadingControl()
    control.progress = { _, _ in Issue.record("it was read") }
    let error = #expect(throws: GrammarError.self) {
      try Self.answerer.get().read(Self.letter, task: .extract(schema), control: control)
    }
    #expect(error?.description.contains("'not' at #/properties/a") == true, "\(error as Any)")
  }

  @Test func eachPartIsARow() throws {
    let chapters = (1...3).map { "CHAPTER \($0)\n\nOn day \($0) the boat left. It came back." }
    let document = Document(name: "log.txt", text: chapters.joined(separator: "\n\n"))
    let schema = try Self.schema(
      """
      {"type": "object", "properties": {"days": {"type": "array", "maxItems": 2, "items":
        {"type": "object", "properties": {"day": {"enum": [1, 2, 3], "x-docproc-key": true}},
         "required": ["day"], "additionalProperties": false}}},
       "required": ["days"], "additionalProperties": false}
      """)
    var options = AnswerOptions()
    options.each = .chapter
    options.mostTokens = 60
    let answer = try Self.answerer.get().read(document, task: .extract(schema), options: options)
    #expect(answer.parts.map(\.title).count == 3 && answer.figures.passes == 1)
    #expect(answer.parts.allSatisfy { $0.value != nil })
    let days = answer.extraction?.value["days"]?.array?.compactMap { $0["day"]?.integer } ?? []
    #expect(Set(days).count == days.count, "the key tells which are the same")
    options.each = .page
    #expect(throws: ExtractionError.noParts("page")) {
      try Self.answerer.get().read(document, task: .extract(schema), options: options)
    }
  }

  @Test func callsAreOfTheToolsThatThereAre() throws {
    let tools = try ToolSet(
      text: """
        [{"name": "close_harbour", "parameters": {"type": "object", "properties":
          {"day": {"enum": ["Monday", "Tuesday"]}}, "required": ["day"],
          "additionalProperties": false}}]
        """)
    var options = AnswerOptions()
    options.tools = try tools.choosing(.string("required"))
    options.mostTokens = 120
    let answer = try Self.answerer.get().read(
      Self.letter, task: .ask(Question("Close it again.")), options: options)
    #expect(!answer.calls.isEmpty && answer.figures.passes == 1)
    for call in answer.calls {
      #expect(call.name == "close_harbour")
      let arguments = try JSONTree(parsing: call.arguments)
      #expect(SchemaValidator(tools.tools[0].parameters).violation(of: arguments) == nil)
    }
  }

  @Test func weighedAnswersAreToldWithTheirEnergies() throws {
    var options = AnswerOptions()
    options.effort = 4
    let question = Question("Who ordered that the harbour was closed?")
    let plain = try Self.answerer.get().read(Self.letter, task: .ask(question))
    let answer = try Self.answerer.get().read(
      Self.letter, task: .ask(question), options: options)
    #expect(answer.weighed.count == 4 && answer.weighed[0].text == plain.text)
    let least = answer.weighed.map(\.energy).min()
    #expect(answer.weighed.first { $0.text == answer.text }?.energy == least)
    for one in answer.weighed {
      #expect(abs(one.terms.total(Self.answererWeights) - one.energy) < 1e-9)
    }
    let again = try Self.answerer.get().read(
      Self.letter, task: .ask(question), options: options)
    #expect(again.weighed == answer.weighed, "the seed decides")
  }

  private static var answererWeights: EnergyWeights {
    (try? answerer.get().energyWeights) ?? EnergyWeights()
  }
}

struct FieldEvidenceTests {
  private static let text = QuotableText(
    Document(
      name: "a.txt",
      text:
        "Anne  met 1,250 men in\nNew York. Annette stayed. The café cost 12.50, not 2.50, of 1,265.00."
    ))

  private static func fields(_ json: String) throws -> [ExtractedField] {
    let scores = [Double](repeating: 0.5, count: text.units.ranges.count)
    return FieldEvidence(text, scores).fields(of: try JSONTree(parsing: json))
  }

  @Test(arguments: [
    (#""Anne""#, "Anne"), (#""new york""#, "New\nYork"), ("1250", "1,250"), ("12.50", "12.50"),
    ("1265.00", "1,265.00"),
    (#""café""#, "café"), (#""Annett""#, nil), ("2.5", nil), ("50", nil), (#""the""#, nil),
    ("true", nil), (#""""#, nil), (#""London""#, nil),
  ])
  func aValueIsFoundAsAWord(json: String, found: String?) throws {
    let field = try #require(try Self.fields(json).first)
    #expect(field.supported == (found != nil))
    let marks = field.quote?.marks?.first
    let scalars = Array(Self.text.document.text.unicodeScalars)
    let marked = marks.map { String(String.UnicodeScalarView(scalars[$0.start..<$0.end])) }
    #expect(marked?.replacing("\n", with: " ") == found?.replacing("\n", with: " "))
  }

  @Test func partsBecomeOneValue() throws {
    let schema = try JSONSchema(
      text: """
        {"properties": {"title": {}, "people": {"items": {"properties":
          {"name": {"x-docproc-key": true}}}}}}
        """)
    let values = try [
      #"{"title":"","people":[{"name":"Ann","age":1},{"name":"Ben"}]}"#,
      #"{"title":"T","people":[{"name":"ann","age":2},{"name":"Cid"}]}"#,
    ].map { try JSONTree(parsing: $0) }
    #expect(
      ExtractedPart.merged(values, schema).text
        == #"{"title":"T","people":[{"name":"Ann","age":1},{"name":"Ben"},{"name":"Cid"}]}"#)
    let rows = try JSONSchema(text: #"{"properties":{"id":{"x-docproc-key":true}}}"#)
    let ids = try [#"{"id":1}"#, #"{"id":2}"#, #"{"id":1}"#].map { try JSONTree(parsing: $0) }
    #expect(ExtractedPart.merged(ids, rows).text == #"[{"id":1},{"id":2}]"#)
  }
}

struct EnergyTests {
  @Test func termsAreWeighedAndAdded() {
    let terms = AnswerEnergy(document: 1, prior: -2, disagreement: 0.5, unsupported: 0.25)
    let weights = EnergyWeights(document: 1, prior: 0.5, disagreement: 2, unsupported: 4)
    #expect(terms.total(weights) == 2)
  }

  @Test func disagreementIsWithTheOthers() {
    let texts = ["a red boat", "the red boat", "a train"]
    #expect(AnswerWriter.disagreement(of: 0, texts) == 0.5)
    #expect(AnswerWriter.disagreement(of: 2, texts) == 1)
    #expect(AnswerWriter.disagreement(of: 0, ["alone"]) == 0)
  }
}
