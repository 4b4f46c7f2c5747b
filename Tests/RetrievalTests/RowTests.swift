import Documents
import Foundation
import Testing

@testable import Retrieval

/// Tables, lists, logs and records: a quote is one row.
@Suite struct RowTests {
  private static func units(_ text: String, _ name: String = "a.txt") -> QuotableText {
    QuotableText(Document(name: name, text: text))
  }

  private static func rows(_ text: String, _ name: String = "a.txt") -> [String] {
    let text = units(text, name)
    return text.units.ranges.indices.map { text.excerpt(ofUnit: $0).text }
  }

  static let tables: [(text: String, question: String, row: String, shown: String)] = [
    ("n,ext\nAda,11\nBo,22\nKarl,33\n", "What is the ext of Karl?", "Karl,33", "n: Karl, ext: 33"),
    ("n;ext\nAda;11\nKarl;33\n", "What is the ext of Karl?", "Karl;33", "n: Karl, ext: 33"),
    ("n\text\nAda\t11\nKarl\t33\n", "What is the ext of Karl?", "Karl\t33", "n: Karl, ext: 33"),
    (
      "| berth | depth |\n|---|---|\n| A | 4.1 m |\n| C | 7.2 m |\n",
      "What is the depth of berth C?",
      "| C | 7.2 m |", "berth: C, depth: 7.2 m"
    ),
    (
      "name,note\n\"Ada, Dr.\",\"says \"\"hi\"\"\"\nBo,none\nPer,2\n", "What does Ada note?",
      "\"Ada, Dr.\",\"says \"\"hi\"\"\"", "name: Ada, Dr., note: says \"hi\""
    ),
    (
      "{\"crew\": [{\"name\": \"Ada\", \"cabin\": 1}, {\"name\": \"Nora\", \"cabin\": 2}]}",
      "What is the cabin of Nora?", "{\"name\": \"Nora\", \"cabin\": 2}",
      "{\"name\": \"Nora\", \"cabin\": 2}"
    ),
    (
      "{\"n\": \"Ada\", \"x\": 1}\n{\"n\": \"Nora\", \"x\": 2}\n", "What is the x of Nora?",
      "{\"n\": \"Nora\", \"x\": 2}", "{\"n\": \"Nora\", \"x\": 2}"
    ),
  ]

  @Test(arguments: tables)
  func theRowIsFound(text: String, question: String, row: String, shown: String) throws {
    let text = Self.units(text)
    let scores = LexicalScores(Question(question), text)
    let none = [Double](repeating: 0, count: text.units.ranges.count)
    let best = try #require(Evidence(text, scores, attention: none).ranked.first)
    let excerpt = text.excerpt(ofUnit: best.unit)
    #expect(excerpt.text == row && text.shown(unit: best.unit) == shown)
    #expect(text.units.isRecord(best.unit))
  }

  @Test func aRowKnowsItsHeader() {
    let text = Self.units("Crew of the ship.\n\nn,ext\nAda,11\nKarl,33\n\nThe end.")
    let headers = text.units.ranges.indices.map { text.excerpt(ofUnit: $0).header }
    #expect(headers == [nil, nil, "n,ext", "n,ext", nil])
  }

  @Test func cellsOfSeveralLinesAndInchesAreCells() {
    #expect(
      Self.rows("name,note\nAda,\"two\nlines, or so\"\nNora,135\n")
        == ["name,note", "Ada,\"two\nlines, or so\"", "Nora,135"])
    #expect(
      Self.rows("size,price\n5\" pipe,3\n6\" pipe,4\n")
        == ["size,price", "5\" pipe,3", "6\" pipe,4"])
  }

  @Test func recordsThatBreakOffAreRecords() {
    let text = #"{"crew": [{"n": "Ada"}, {"n": "Nora"}, {"n": "#
    #expect(Self.rows(text).contains(#"{"n": "Nora"}"#))
  }

  @Test func whatStandsAroundObjectsIsReadToo() {
    let text = #"{"ship": "Mara", "crew": [{"n": "Ada"}, {"n": "Bo"}], "port": 8443}"#
    #expect(
      Self.rows(text) == [
        #"{"ship": "Mara", "crew": ["#, #"{"n": "Ada"}"#, #"{"n": "Bo"}"#, #"], "port": 8443}"#,
      ])
  }

  static let lists: [(text: String, rows: [String])] = [
    (
      "- rope 1, 3 m\n- rope 2\n  of hemp\n- rope 3\n",
      ["- rope 1, 3 m", "- rope 2\n  of hemp", "- rope 3"]
    ),
    ("1. One thing\n2. Two things\n10) Ten\n", ["1. One thing", "2. Two things", "10) Ten"]),
    ("name: Ada\nport: 8443\nlog-level: debug\n", ["name: Ada", "port: 8443", "log-level: debug"]),
    ("A=1\nB=2\n", ["A=1", "B=2"]),
    (
      "2026-01-02 10:11:12 could not open a\n2026-01-02 10:11:13 opened b\n",
      ["2026-01-02 10:11:12 could not open a", "2026-01-02 10:11:13 opened b"]
    ),
  ]

  @Test(arguments: lists)
  func linesThatAreItemsAreUnits(text: String, rows: [String]) {
    #expect(Self.rows(text) == rows)
  }

  static let prose = [
    "He came, saw, and won.\nThen he went, tired, but glad, home.",
    "The quick brown fox\njumps over the lazy dog.",
    "In 1951 the quay was 90 metres long.\nIn 1962 it was 140 metres long.",
    "\"Well,\" he said,\n\"it is late.\"",
  ]

  @Test(arguments: prose)
  func proseHasNoRows(text: String) {
    let text = Self.units(text)
    #expect(text.units.ranges.indices.allSatisfy { text.units.row($0) == nil })
  }

  @Test func aLongRowIsNotCutInTwo() {
    let long = String(repeating: "word ", count: 300).trimmingCharacters(in: .whitespaces)
    #expect(Self.rows("n,text\n1,\(long)\n2,b\n").contains("1,\(long)"))
  }

  @Test func marksOfHeadingsCountInProseOnly() {
    let code = QuotableText(
      Document(
        name: "r", text: "==> config.sh <==\n\n# Number of retries\nRETRIES=9\n",
        parts: [.init(path: "config.sh", start: 19, length: 32)]))
    #expect(!code.asks(0))
    #expect(Self.units("# Retries\n\nNine.").asks(0))
    #expect(Self.units("Are dogs allowed?\n\nNo.").asks(0))
  }
}
