import Testing

@testable import Schemas

struct SchemaValidatorTests {
  /// Schema, a value that is valid, one that is not, and the keyword that says so.
  private static let cases: [(String, String, String, String)] = [
    (##"{"type":"integer"}"##, "1.0", "1.5", "type"),
    (##"{"type":["string","null"]}"##, "null", "1", "type"),
    (##"{"enum":[1,"a"]}"##, "1.0", "\"b\"", "enum"),
    (##"{"const":{"a":1,"b":2}}"##, ##"{"b":2,"a":1.0}"##, ##"{"a":1}"##, "const"),
    (##"{"minimum":0.1}"##, "0.10", "0.0999", "minimum"),
    (##"{"exclusiveMaximum":3}"##, "2.9", "3.0", "exclusiveMaximum"),
    (##"{"minimum":1,"exclusiveMinimum":true}"##, "2", "1", "exclusiveMinimum"),
    (##"{"multipleOf":0.01}"##, "4.02", "4.025", "multipleOf"),
    (##"{"maxLength":2}"##, "\"é😀\"", "\"abc\"", "maxLength"),
    (##"{"pattern":"^a+$"}"##, "\"aa\"", "\"ab\"", "pattern"),
    (##"{"format":"date"}"##, "\"2024-02-29\"", "\"2023-02-29\"", "format"),
    (##"{"format":"ipv6"}"##, "\"::1\"", "\"1::2::3\"", "format"),
    (##"{"format":"email"}"##, "\"a@b.c\"", "\"ab.c\"", "format"),
    (
      ##"{"format":"date-time"}"##, "\"2024-01-01T00:00:00Z\"", "\"2024-01-01 00:00\"", "format"
    ),
    (##"{"items":{"type":"string"}}"##, "[\"a\"]", "[1]", "type"),
    (##"{"prefixItems":[{"type":"null"}],"items":false}"##, "[null]", "[null,1]", "false"),
    (##"{"items":[{"type":"null"}],"additionalItems":false}"##, "[null]", "[null,1]", "false"),
    (##"{"uniqueItems":true}"##, "[1,\"1\"]", "[{\"a\":1},{\"a\":1.0}]", "uniqueItems"),
    (##"{"contains":{"type":"null"}}"##, "[1,null]", "[1]", "contains"),
    (##"{"maxContains":1,"contains":{"type":"null"}}"##, "[null]", "[null,null]", "maxContains"),
    (##"{"required":["a"]}"##, "{\"a\":null}", "{}", "required"),
    (
      ##"{"properties":{"a":{}},"patternProperties":{"^x":{}},"additionalProperties":false}"##,
      ##"{"a":1,"x1":2}"##, ##"{"b":1}"##, "false"
    ),
    (##"{"propertyNames":{"maxLength":1}}"##, ##"{"a":1}"##, ##"{"ab":1}"##, "propertyNames"),
    (##"{"maxProperties":1}"##, "{\"a\":1}", ##"{"a":1,"b":2}"##, "maxProperties"),
    (##"{"dependentRequired":{"a":["b"]}}"##, "{\"b\":1}", "{\"a\":1}", "dependentRequired"),
    (##"{"dependencies":{"a":{"required":["b"]}}}"##, "{}", "{\"a\":1}", "required"),
    (##"{"allOf":[{"minimum":1},{"maximum":2}]}"##, "2", "3", "maximum"),
    (##"{"anyOf":[{"type":"null"},{"minimum":3}]}"##, "null", "2", "anyOf"),
    (##"{"oneOf":[{"minimum":1},{"maximum":2}]}"##, "3", "1", "oneOf"),
    (##"{"not":{"type":"null"}}"##, "1", "null", "not"),
    (
      ##"{"if":{"minimum":5},"then":{"multipleOf":5},"else":{"const":1}}"##, "10", "6", "multipleOf"
    ),
    (
      ##"{"$defs":{"a/b":{"type":"null"}},"properties":{"x":{"$ref":"#/$defs/a~1b"}}}"##,
      "{\"x\":null}", "{\"x\":1}", "type"
    ),
  ]

  @Test(arguments: cases)
  func aValueIsHeldAgainstIt(schema: String, valid: String, invalid: String, keyword: String) throws
  {
    let validator = SchemaValidator(try JSONSchema(text: schema))
    #expect(validator.violation(of: try JSONTree(parsing: valid)) == nil)
    let found = validator.violation(of: try JSONTree(parsing: invalid))
    #expect(found?.keyword == keyword, "\(found?.description ?? "none")")
  }

  /// Each step leads on in two ways, 60 times.
  @Test func valuesThatTakeTooMuchAreNoValidOnes() throws {
    let steps = (0..<60).map {
      "\"\($0)\":{\"anyOf\":[{\"$ref\":\"#/$defs/\($0 + 1)\"},{\"$ref\":\"#/$defs/\($0 + 1)\"}]}"
    }
    let schema = try JSONSchema(
      text: "{\"$defs\":{\(steps.joined(separator: ",")),\"60\":{\"type\":\"null\"}},"
        + "\"$ref\":\"#/$defs/0\"}")
    let began = ContinuousClock.now
    #expect(SchemaValidator(schema).violation(of: .null) == nil)
    #expect(SchemaValidator(schema).violation(of: .bool(true)) != nil)
    #expect(ContinuousClock.now - began < .seconds(10))
  }

  @Test func theWrongPlaceIsNamed() throws {
    let schema = try JSONSchema(
      text: ##"{"properties":{"all":{"items":{"properties":{"n":{"type":"number"}}}}}}"##)
    let value = try JSONTree(parsing: ##"{"all":[{"n":1},{"n":"x"}]}"##)
    let found = SchemaValidator(schema).violation(of: value)
    #expect(found?.description == "'type' at /all/1/n: it is no number")
  }
}
