import Testing

@testable import Schemas

struct JSONSchemaTests {
  private static let unusable: [(String, String)] = [
    ("{", "it is no JSON"), ("[]", "it must be an object"), ("true", "it must be an object"),
    (##"{"$ref":"https://example.org/a.json"}"##, "'$ref'"),
    (##"{"$ref":"#/$defs/none"}"##, "which is not there"),
    (##"{"$ref":"#"}"##, "leads back to itself"),
    (
      ##"{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}"##,
      "leads back to itself"
    ),
    (
      ##"{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"type":"array","minItems":1,"##
        + ##""items":{"$ref":"#/$defs/a"}}},"$ref":"#/$defs/a"}"##, "leads back to itself"
    ),
    (
      ##"{"properties":{"a":{"minimum":2,"maximum":1}}}"##, "'minimum' at #/properties/a"
    ),
    (##"{"exclusiveMinimum":1,"maximum":1}"##, "'exclusiveMinimum'"),
    (##"{"minLength":2,"maxLength":1}"##, "'minLength'"), (##"{"minItems":-1}"##, "'minItems'"),
    (##"{"enum":[]}"##, "'enum'"), (##"{"type":"text"}"##, "which is no type"),
    (##"{"pattern":"("}"##, "'pattern'"), (##"{"anyOf":[]}"##, "'anyOf'"),
    (##"{"properties":{"a":7}}"##, "at #/properties/a"), (##"{"x-guidance":{}}"##, "'x-guidance'"),
    (##"{"multipleOf":0}"##, "'multipleOf'"), (##"{"required":["a",1]}"##, "'required'"),
    (##"{"properties":{"a":false},"required":["a"]}"##, "'required'"),
  ]

  @Test(arguments: unusable)
  func whatCannotBeUsedIsNamed(text: String, said: String) {
    let error = #expect(throws: SchemaError.self) { try JSONSchema(text: text) }
    #expect(error?.description.contains(said) == true, "\(error?.description ?? "none")")
  }

  @Test func largeOnesAreRefusedAtOnce() {
    let values = (0..<10_000).map { "\"v\($0)\"" }.joined(separator: ",")
    let many = "{\"enum\":[\((0..<1001).map { "\($0)" }.joined(separator: ","))]}"
    let deep =
      String(repeating: "{\"items\":", count: 100) + "{}" + String(repeating: "}", count: 100)
    let long = "{\"pattern\":\"\(String(repeating: "a", count: 2000))\"}"
    let began = ContinuousClock.now
    for text in [
      "{\"enum\":[\(values)]}", many, deep, long, String(repeating: " ", count: 10 << 20),
    ] {
      #expect(throws: SchemaError.self) { try JSONSchema(text: text) }
    }
    #expect(ContinuousClock.now - began < .seconds(1))
  }

  @Test(arguments: [
    ##"{"type":"object","properties":{"next":{"$ref":"#"}}}"##,
    ##"{"anyOf":[{"type":"null"},{"type":"array","minItems":1,"items":{"$ref":"#"}}]}"##,
    ##"{"$defs":{"a":{"type":"string"}},"properties":{"b":{"$ref":"#/$defs/a"}}}"##,
    ##"{"properties":{"$ref":{"type":"string"},"enum":{"type":"number"}}}"##,
  ])
  func whatHasAFiniteValueIsTaken(text: String) throws {
    #expect(try JSONSchema(text: text).tree.text == text)
  }

  /// Each of 40 schemas leads to all others, and none ends: as many ways as 40! of them.
  @Test func manyThatLeadToEachOtherAreRefusedAtOnce() {
    let all = (0..<40).map { "{\"$ref\":\"#/$defs/\($0)\"}" }.joined(separator: ",")
    let schemas = (0..<40).map { "\"\($0)\":{\"anyOf\":[\(all)]}" }.joined(separator: ",")
    let began = ContinuousClock.now
    #expect(throws: SchemaError.self) {
      try JSONSchema(text: "{\"$defs\":{\(schemas)},\"$ref\":\"#/$defs/0\"}")
    }
    #expect(ContinuousClock.now - began < .seconds(1))
  }

  @Test func itsWordsAreSpoken() throws {
    let text =
      ##"{"title":"Person","properties":{"firstName":{"description":"as baptized"},"##
      + ##""date_of_birth":{"type":"string"}}}"##
    #expect(try JSONSchema(text: text).words == "Person first name as baptized date of birth")
  }
}
