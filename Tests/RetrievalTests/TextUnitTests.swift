import Documents
import Testing

@testable import Retrieval

@Suite struct TextUnitTests {
  private func units(_ text: String, in name: String = "a.txt") -> [String] {
    let quotable = QuotableText(Document(name: name, text: text))
    return quotable.units.ranges.indices.map { quotable.excerpt(ofUnit: $0).text }
  }

  @Test func sentencesEndWhereReadersWouldSay() {
    #expect(
      units(
        "Mr. Darcy bowed. \"No!\" she said, and left.\n\nIt cost 3.5 pounds; e.g. a hat. What? "
          + "日本語です。次の文。"
      )
        == [
          "Mr. Darcy bowed.", "\"No!\" she said, and left.", "It cost 3.5 pounds; e.g. a hat.",
          "What?", "日本語です。", "次の文。",
        ])
  }

  @Test func aFileOfCodeIsCutAtItsLines() {
    let code =
      "def walk(path):\n    # Follows it. Then stops.\n    return path.end\n\ndef run(path):\n   "
      + " return 2 * walk(path)\n"
    let functions = [
      "def walk(path):\n    # Follows it. Then stops.\n    return path.end",
      "def run(path):\n    return 2 * walk(path)",
    ]
    #expect(units(code, in: "tools/walk.PY") == functions)
    #expect(units(code, in: "walk") != functions && units(code, in: "walk.md") != functions)
  }

  @Test func unitsNeverCutAScalarAndNeverGrowLong() {
    let text = String(repeating: "漢字", count: 2000) + String(repeating: " word", count: 500)
    for unit in units(text) {
      #expect(!unit.unicodeScalars.contains("\u{FFFD}"))
      #expect(unit.utf8.count <= 603)
    }
  }

  @Test func scalarAndByteOffsetsAreInverse() {
    let text = String(repeating: "aé漢😀\n", count: 3000)
    let bytes = Array(text.utf8)
    let index = ScalarIndex(bytes)
    for scalar in [0, 1, 2, 3, 4, 4999, 12_345, 14_999] {
      #expect(index.scalarOffset(ofByte: index.byteOffset(ofScalar: scalar)) == scalar)
    }

    #expect(index.byteOffset(ofScalar: 15_000) == bytes.count)
  }

  @Test func stemsJoinForms() {
    #expect(Words.stems(of: "running") == Words.stems(of: "Runs"))
    #expect(Words.stems(of: "stories") == Words.stems(of: "story"))
    #expect(
      Words.stems(of: "tarts, Tart") == [Words.stems(of: "tart")[0], Words.stems(of: "tart")[0]])
    #expect(Words.stems(of: "cat") != Words.stems(of: "car"))
    #expect(Words.stems(of: "“Marley—dead…”") == Words.stems(of: "Marley dead"))
    #expect(Words.stems(of: "नमस्ते दुनिया").count == 2)
  }
}
