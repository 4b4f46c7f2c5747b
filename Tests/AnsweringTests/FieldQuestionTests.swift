import Constraints
import Schemas
import Testing

@testable import Answering

struct FieldQuestionTests {
  private static let schema =
    ##"""
    {"type":"object","properties":{
      "invoice_number":{"type":"string","description":"the number of the invoice"},
      "seller":{"type":["string","null"],"description":"Who sells?"},
      "total":{"type":"number"},
      "currency":{"enum":["pounds","US dollars"]},
      "buyer":{"properties":{"firstName":{"type":"string"}}},
      "paid":{"type":"boolean"},"abstract":{"type":"string","description":"Summarize the text?"},
      "items":{"type":"array","items":{"type":"string"}},
      "more":{"$ref":"#"}}}
    """##

  private static func fields() throws -> [FieldQuestion] {
    FieldQuestion.all(of: try JSONSchema(text: schema))
  }

  @Test func fieldsOfObjectsAreAskedFor() throws {
    let fields = try Self.fields().filter { !$0.path.contains("more") }
    #expect(
      fields.map(\.path) == [
        ["invoice_number"], ["seller"], ["total"], ["currency"], ["buyer", "firstName"],
      ])
    #expect(
      fields.map(\.question) == [
        "What is the number of the invoice?", "Who sells?", "What is the total?",
        "What is the currency?", "What is the first name?",
      ])
    #expect(fields.map(\.allowsNull) == [false, true, false, false, false])
    #expect(try Self.fields().count <= 16)
  }

  @Test func anAnswerIsAValueOfItsKind() throws {
    let fields = try Self.fields()
    #expect(fields[0].value(of: "2024-1187") == .string("2024-1187"))
    #expect(fields[0].value(of: "") == nil)
    #expect(fields[2].value(of: "1,265.00 pounds") == .number("1265.00"))
    #expect(fields[2].value(of: "none") == nil)
    #expect(fields[3].value(of: "1,265.00 pounds") == .string("pounds"))
    #expect(fields[3].value(of: "pounds or US dollars") == nil)
  }

  @Test(arguments: [
    ("7", "7"), ("-3.50 C", "-3.50"), ("12,345,678", "12345678"), ("007", "7"), ("0.5", "0.5"),
    ("0", "0"), ("2 or 3", nil), ("no number", nil), ("1.2.3", nil),
  ])
  func oneNumberIsRead(text: String, number: String?) {
    #expect(FieldQuestion.number(text) == number)
  }

  @Test func aKnownValueIsToldWhereItBegins() {
    func outline(_ text: String) -> JSONOutline {
      var outline = JSONOutline()
      outline.take(text.utf8)
      return outline
    }
    var known = KnownValues()
    known.set(.string("x\"y"), at: ["a"])
    known.set(.number("5"), at: ["b", "c"])
    known.set(nil, at: ["d"])
    #expect(known.next(outline("{")) == nil)
    #expect(known.next(outline(##"{"a""##)) == nil)
    #expect(known.next(outline(##"{"a":"z"##)) == nil)
    var other = known
    #expect(other.next(outline(##"{"a":"##)) == Array(##""x\"y""##.utf8))
    #expect(known.next(outline(##"{"a":""##)) == Array(##"x\"y""##.utf8))
    #expect(known.next(outline(##"{"a":""##)) == nil, "it is told once")
    #expect(known.next(outline(##"{"b":{"c":"##)) == Array("5".utf8))
    #expect(known.next(outline(##"{"d":"##)) == nil)
  }
}
