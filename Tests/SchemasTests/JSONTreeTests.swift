import Testing

@testable import Schemas

struct JSONTreeTests {
  @Test(arguments: [
    ##"{"b":1,"a":[true,false,null,"x\"\\\n"],"n":-1.50e+3}"##, "[]", "{}", "\"\"", "0", "-0.5",
    "123456789012345678901234567890", ##"{"é":"e\u0301"}"##,
  ])
  func aTextComesBackAsItIs(text: String) throws {
    let tree = try JSONTree(parsing: text)
    #expect(try JSONTree(parsing: tree.text) == tree)
    if !text.contains("\\u") { #expect(tree.text == text) }
  }

  @Test func escapesAreTheirCharacters() throws {
    let tree = try JSONTree(parsing: ##"["\u00e9\ud83d\ude00\/\b\f","\ud800x","\u0000"]"##)
    let texts = tree.array?.compactMap(\.string)
    #expect(texts == ["é😀/\u{8}\u{c}", "\u{FFFD}x", "\u{0}"])
    #expect(JSONTree.string("\u{1}\t\u{1F}").text == ##""\u0001\t\u001f""##)
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "1e", "+1", "nul", "\"a", "\"\u{1}\"", "[1] 2",
    "{\"a\":1,\"a\":2}", "{a:1}", "\"\\x\"", "\"\\u12\"", "'a'", "-", "\"\\u12G4\"", "NaN",
  ])
  func whatIsNoJSONIsRefused(text: String) {
    #expect(throws: JSONError.self) { try JSONTree(parsing: text) }
  }

  @Test func ofARepeatedNameTheLastValueMayCount() throws {
    let tree = try JSONTree(parsing: #"{"a":1,"b":{"":0,"":2},"a":3}"#, repeatedName: .lastCounts)
    #expect(tree.text == #"{"a":3,"b":{"":2}}"#)
  }

  @Test func anErrorNamesItsPlace() {
    #expect(throws: JSONError(reason: "no value begins so", line: 2, column: 7)) {
      try JSONTree(parsing: "{\n \"a\": x}")
    }
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError.self) { try JSONTree(parsing: deep) }
  }

  @Test func pointersFindWhatTheyName() throws {
    let tree = try JSONTree(parsing: ##"{"a/b":[{"m~n":1}]}"##)
    let pointer = JSONPointer(["a/b", "0", "m~n"])
    #expect(pointer.description == "/a~1b/0/m~0n")
    #expect(JSONPointer(text: "/a~1b/0/m~0n") == pointer)
    #expect(pointer.value(in: tree) == .integer(1))
    #expect(JSONPointer(["a/b", "1"]).value(in: tree) == nil)
    #expect(JSONPointer(text: "a") == nil)
  }

  @Test(arguments: [
    ("1", "1.0", 0), ("1", "2", -1), ("-1", "1", -1), ("-2", "-1", -1), ("0", "-0.0", 0),
    ("1e2", "100", 0), ("0.1", "0.10", 0), ("1.5", "15e-1", 0), ("9", "10", -1),
    ("99999999999999999999", "1e20", -1), ("0.001", "0.01", -1), ("12", "1.3e1", -1),
  ])
  func numbersAreComparedExactly(left: String, right: String, order: Int) throws {
    let a = try #require(DecimalNumber(left))
    let b = try #require(DecimalNumber(right))
    #expect((a < b) == (order < 0) && (a == b) == (order == 0) && !(b < a))
  }

  @Test func wholeNumbersAreThose() {
    #expect(DecimalNumber("1.0")?.integer == 1 && DecimalNumber("-12e1")?.integer == -120)
    #expect(DecimalNumber("9223372036854775807")?.integer == .max)
    #expect(DecimalNumber("-9223372036854775808")?.integer == .min)
    #expect(DecimalNumber("9223372036854775808")?.integer == nil)
    #expect(DecimalNumber("1e99999")?.integer == nil && DecimalNumber("0.5")?.isWhole == false)
    #expect(DecimalNumber("1e9999999999999999999") == nil)
  }

  @Test(arguments: [
    ("10", "2.5", true), ("0.3", "0.1", true), ("1", "0.3", false), ("0", "7", true),
    ("1e5000", "3", false), ("4.02", "0.01", true),
  ])
  func multiplesAreExact(number: String, unit: String, isMultiple: Bool) throws {
    let (a, b) = (try #require(DecimalNumber(number)), try #require(DecimalNumber(unit)))
    #expect(a.isMultiple(of: b) == isMultiple)
  }
}
