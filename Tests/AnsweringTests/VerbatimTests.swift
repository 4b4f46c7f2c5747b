import Constraints
import Schemas
import Testing

@testable import Answering

struct SourceTextsTests {
  private static let source = SourceTexts([
    "The White\n  Rabbit said \"Oh\\ dear\".", "Alice's sister, aged 12.50; caf\u{e9}s",
  ])

  @Test(arguments: [
    "White Rabbit", "The", "dear", #"\"Oh\\ dear\"."#, "Alice", "s sister", "12.50", "caf\u{e9}s",
    "", "Alice's",
  ])
  func whatStandsThereMayBeWritten(text: String) {
    #expect(Self.source.canEnd(Array(text.utf8)))
  }

  @Test(arguments: [
    "Whit", "abbit", "Rabbit ", "caf", "dear\". Alice", "white", "White  Rabbit", "Cat", #"\ dear"#,
  ])
  func nothingElseMay(text: String) {
    #expect(!Self.source.canEnd(Array(text.utf8)))
  }

  @Test func aBeginningIsNarrowed() {
    let first = Self.source.range(of: Array("A".utf8))
    #expect(first.count == 1)
    #expect(!Self.source.range(of: Array("lice's s".utf8)[...], from: 1, within: first).isEmpty)
    #expect(Self.source.range(of: Array("lex".utf8)[...], from: 1, within: first).isEmpty)
  }
}

struct VerbatimFilterTests {
  private static let words = ["A", "B", "lice", "\"", "\",\"", "\"A", "\"B", "{", "n", "\"}", "x"]
  private static let schema =
    ##"{"type":"object","properties":{"n":{"type":"string"},"k":{"enum":["B"]},"##
    + ##""f":{"type":"string","x-docproc-verbatim":false}}}"##

  /// What may follow a beginning.
  private static func left(_ written: String, _ text: String = schema) throws -> [String] {
    var filter = VerbatimFilter(
      try JSONSchema(text: text), SourceTexts(["It was Alice."]),
      tokens: words.map { Array($0.utf8) }, isUsual: true)
    var outline = JSONOutline()
    outline.take(written.utf8)
    var logits = [Float](repeating: 0, count: words.count)
    filter.restrict(&logits, outline)
    return words.indices.filter { logits[$0] == 0 }.map { words[$0] }
  }

  @Test func textsAreThoseOfTheSource() throws {
    // What the grammar does not take behind a text is not looked at here.
    let ends = ["\"", "\",\"", "\"A", "\"B", "\"}"]
    #expect(try Self.left(##"{"n":""##) == ["A"] + ends)
    #expect(try Self.left(##"{"n":"A"##) == ["lice"])
    #expect(try Self.left(##"{"n":"Alice"##) == ends)
    #expect(try Self.left(##"{"n":"##).contains("\"A"))
    #expect(try !Self.left(##"{"n":"##).contains("\"B"))
  }

  @Test func namesChoicesAndWhatIsMarkedAreFree() throws {
    #expect(try Self.left(##"{""##) == Self.words)
    #expect(try Self.left(##"{"k":""##) == Self.words)
    #expect(try Self.left(##"{"f":""##) == Self.words)
  }

  @Test func aSentencesCommaIsNoPartOfAName() throws {
    var filter = VerbatimFilter(
      try JSONSchema(text: Self.schema), SourceTexts([]), tokens: [], isUsual: true)
    let value = try JSONTree(parsing: ##"{"n":"Alice,;","k":"B,","f":"x,"}"##)
    #expect(filter.trimmed(value).text == ##"{"n":"Alice","k":"B,","f":"x,"}"##)
  }

  @Test func whereNothingWouldBeLeftAllStays() throws {
    #expect(try Self.left(##"{"n":"Quite"##) == Self.words)
  }

  @Test func whatIsBehindReferencesAndInListsIsFound() throws {
    let schema =
      ##"{"type":"array","items":{"$ref":"#/$defs/p"},"##
      + ##""$defs":{"p":{"properties":{"n":{"anyOf":[{"type":"null"},{"type":"string"}]},"##
      + ##""d":{"type":"string","format":"date"}}}}}"##
    #expect(try Self.left(##"[{"n":"A"},{"n":"A"##, schema) == ["lice"])
    #expect(try Self.left(##"[{"d":"1"##, schema) == Self.words)
  }
}
