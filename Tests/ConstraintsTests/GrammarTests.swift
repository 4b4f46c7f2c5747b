import Foundation
import Schemas
import TestSupport
import Testing

@testable import Constraints

/// llguidance as `docproc model install` keeps it, over a vocabulary of bytes.
@Suite(.enabled(if: FileManager.default.fileExists(atPath: GuidanceLibrary.path)))
struct GrammarTests {
  /// Writes what the grammar allows, each token drawn among those.
  private static func write(
    _ constraint: OutputConstraint, seed: UInt64, most: Int = 4000, endsLate: Int = 400
  ) throws -> String {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    var outline = JSONOutline()
    while bytes.count < most, !constraint.isStopped {
      let forced = try constraint.forced()
      var next = forced.filter { $0 < 256 }.map(UInt8.init)
      if forced.isEmpty {
        var logits = [Float](repeating: 0, count: 257)
        try constraint.restrict(&logits, closing: outline.closing(isLate: bytes.count > endsLate))
        let allowed = logits.indices.filter { logits[$0] == 0 }
        let token = try #require(allowed.randomElement(using: &generator))
        try constraint.take(Int32(token))
        if token < 256 { next = [UInt8(token)] }
      }
      bytes += next
      outline.take(next)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: [
    ##"{"type":"object","properties":{"b":{"type":"integer"},"a":{"enum":["x","yy"]}},"##
      + ##""required":["b","a"],"additionalProperties":false}"##,
    ##"{"type":"array","items":{"type":"string","maxLength":5},"minItems":2,"maxItems":4}"##,
    ##"{"anyOf":[{"type":"null"},{"type":"object","properties":{"n":{"$ref":"#"}},"##
      + ##""additionalProperties":false,"required":["n"]}]}"##,
    ##"{"type":"string","format":"date"}"##, ##"{"type":"string","pattern":"^[a-c]{2,9}$"}"##,
    ##"{"type":"string","format":"date-time"}"##, ##"{"type":"string","format":"time"}"##,
    ##"{"type":"string","format":"date-time","maxLength":20}"##,
    ##"{"type":"string","format":"url"}"##,
    ##"{"type":"number","minimum":-3,"maximum":12.5}"##, "{}",
  ])
  func whateverIsDrawnIsValid(text: String) throws {
    let schema = try JSONSchema(text: text)
    let grammar = try GrammarEngine().constraint(.json(schema))
    let validator = SchemaValidator(schema)
    for seed in 1...20 {
      let written = try Self.write(grammar.clone(), seed: UInt64(seed))
      let value = try JSONTree(parsing: written)
      #expect(validator.violation(of: value) == nil, "\(written)")
    }
  }

  @Test func onlySchemasAreToldOtherwise() throws {
    let schema = try JSONSchema(
      text:
        ##"{"properties":{"format":{"format":"byte","x-docproc-key":true},"##
        + ##""t":{"format":"time","pattern":"^1"}},"const":{"format":"byte"}}"##)
    let told = GrammarEngine.told(schema)
    #expect(told["properties"]?["format"]?.text == "{}")
    #expect(told["properties"]?["t"]?["format"]?.string == "time")
    #expect(told["const"]?.text == ##"{"format":"byte"}"##)
  }

  @Test(arguments: ["0400-02-29", "2024-02-29", "1999-12-31"])
  func daysThatAreCanBeWritten(day: String) throws {
    let schema = try JSONSchema(text: ##"{"type":"string","format":"date"}"##)
    let constraint = try GrammarEngine().constraint(.json(schema))
    for byte in "\"\(day)\"".utf8 { try constraint.take(Int32(byte)) }
  }

  @Test func propertiesComeInTheirOrderWithoutSpace() throws {
    let schema = try JSONSchema(
      text:
        ##"{"type":"object","properties":{"z":{"const":1},"a":{"const":true}},"##
        + ##""required":["z","a"],"additionalProperties":false}"##)
    let written = try Self.write(try GrammarEngine().constraint(.json(schema)), seed: 1)
    #expect(written == ##"{"z":1,"a":true}"##)
  }

  @Test(arguments: [
    ##"{"not":{"type":"null"}}"##, ##"{"uniqueItems":true,"type":"array"}"##,
    ##"{"type":"string","format":"idn-hostname"}"##,
    ##"{"type":"string","pattern":"^(([a-z]{1,900}){1,900}){1,900}$"}"##,
    ##"{"type":"string","pattern":"^a$","minLength":5}"##,
  ])
  func whatCannotBeFollowedIsRefusedSoon(text: String) throws {
    let engine = try GrammarEngine()
    let began = ContinuousClock.now
    #expect(throws: (any Error).self) { try engine.check(.json(JSONSchema(text: text))) }
    #expect(throws: (any Error).self) {
      _ = try engine.constraint(.json(JSONSchema(text: text)))
    }
    #expect(ContinuousClock.now - began < .seconds(2))
  }

  @Test func whatIsWrongWithAPatternIsTold() throws {
    let schema = try JSONSchema(text: #"{"type":"string","pattern":"(?<=a)b"}"#)
    let error = #expect(throws: GrammarError.self) {
      try GrammarEngine().check(.json(schema))
    }
    #expect(error?.description.contains("look-around") == true, "\(error as Any)")
  }

  @Test func aTextThatIsKnownIsTakenWhereItMayStand() throws {
    let schema = try JSONSchema(
      text: ##"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"##)
    let constraint = try GrammarEngine().constraint(.json(schema))
    #expect(try constraint.take(text: Array("{\"n\":x".utf8)) == nil)
    #expect(try constraint.take(text: Array("{\"n\":12}".utf8))?.count == 8)
    #expect(constraint.accepts)
  }

  @Test func aTokenThatMayNotStandIsRefused() throws {
    let schema = try JSONSchema(text: ##"{"type":"integer"}"##)
    let constraint = try GrammarEngine().constraint(.json(schema))
    try constraint.take(49)
    #expect(constraint.accepts)
    #expect(throws: GrammarError.self) { try constraint.take(97) }
  }
}

/// The same sequence for the same seed (Lehmer's, with the multiplier of L'Ecuyer 1999).
private struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 2 &+ 1 }

  mutating func next() -> UInt64 {
    state = state &* 1_181_783_497_276_652_981 &+ 1
    return state ^ state >> 29
  }
}

struct JSONOutlineTests {
  private static func closing(_ text: String, isLate: Bool = false) -> String {
    var caps = JSONOutline.Caps()
    (caps.string, caps.array, caps.number) = (4, 2, 3)
    var outline = JSONOutline(caps)
    outline.take(text.utf8)
    return String(decoding: outline.closing(isLate: isLate), as: UTF8.self)
  }

  @Test(arguments: [
    ("{\"a\":\"bcd", ""), ("{\"a\":\"bcde", "\""), ("{\"a\":\"bcd\\", ""), ("[1", ""),
    ("[1,2", "]"), ("[[1,2]", ""), ("{\"a\":[1,[2,3]", "]"), ("{\"a\":123", ",]}"),
    ("{\"a\":12", ""), ("{\"abcdef", "\""), ("[\"]]]],\"", ""),
  ])
  func whatGrowsTooLongIsClosed(text: String, closing: String) {
    #expect(Self.closing(text) == closing)
  }

  @Test func nearTheEndAllIsClosed() {
    #expect(Self.closing("{\"a\":\"b", isLate: true) == "\"")
    #expect(Self.closing("{\"a\":[1", isLate: true) == "]")
    #expect(Self.closing("{\"a\":1", isLate: true) == "}")
    #expect(Self.closing("12", isLate: true) == "")
  }

  @Test func theOpenValueHasItsPlace() {
    func outline(_ text: String) -> JSONOutline {
      var outline = JSONOutline()
      outline.take(text.utf8)
      return outline
    }
    let deep = outline(##"{"a":[1,{"b\"c":"x\"y"##)
    #expect(deep.path == ["a", "1", "b\"c"] && deep.isInValue)
    #expect(deep.content == Array(##"x\"y"##.utf8))
    #expect(!outline(##"{"a"##).isInValue && !outline(##"{"a":1,"b"##).isInValue)
    #expect(outline(##"["a"##).isInValue && outline("\"").isInValue)
    #expect(outline(##"{"a":{"b":"c"},"d":""##).path == ["d"])
  }
}
