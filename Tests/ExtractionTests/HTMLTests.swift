import Documents
import Extraction
import Testing

@Suite struct HTMLTests {
  @Test func textIsWhatAReaderSees() throws {
    let page = try Extracted(
      "a.html",
      """
      <!doctype html><title>T</title><script>var a = "<p>no</p>"</script><style>p {}</style>
      <h1>Mice &amp; men</h1><p hidden>unseen</p><p>One&nbsp;two<br>three so&shy;ft <img alt="A cat" src=x></p>
      <ol start=3><li>c<li><p>d</p></ol><pre>
       a  b
      c</pre><ruby>字<rt>ji</rt></ruby>
      """)
    #expect(
      page.text
        == "Mice & men\n\nOne two\nthree soft [A cat]\n\n3. c\n4. d\n\n a  b\nc\n\n字\n")
    #expect(page.label(Place.Kind.section, at: "three") == "Mice & men")
  }

  @Test func tablesAreRowsAndLayoutIsNot() throws {
    let table = "<table><tr><th>Name<th>Age<tr><td>Ann<td><p>12</p></table>"
    #expect(try Extracted("a.html", "<html>" + table).text == "Name\tAge\nAnn\t12\n")
    let layout = "<table><tr><td><h1>Menu</h1><td><p>Text.</p></table>"
    #expect(try Extracted("a.html", "<html>" + layout).text == "Menu\n\nText.\n")
    let nested = "<table><tr><td>a<td><table><tr><td>b<td>c</table><tr><td>d<td>e</table>"
    #expect(try Extracted("a.html", "<html>" + nested).text == "a\n\nb\tc\n\nd\n\ne\n")
  }

  @Test(arguments: [
    ("<?xml version=\"1.0\" encoding=\"windows-1251\"?>", "WINDOWS-1251"),
    ("<meta charset=windows-1251>", "WINDOWS-1251"),
    ("<meta http-equiv=\"Content-Type\" content=\"text/html; charset=koi8-r\">", "KOI8-R"),
  ])
  func theEncodingThatAPageDeclaresCounts(_ declaration: String, _ encoding: String) throws {
    let cyrillic: [String: [UInt8]] = [
      "WINDOWS-1251": [0xEC, 0xFB, 0xF8, 0xFC], "KOI8-R": [0xCD, 0xD9, 0xDB, 0xD8],
    ]
    let bytes =
      Array("\(declaration)<html><p>".utf8) + (cyrillic[encoding] ?? []) + Array("</p>".utf8)
    #expect(try Extracted("a.html", bytes).text == "мышь\n")
  }

  /// A tree of it would end at depth 256, and lose the rest.
  @Test func depthLosesNothingUpToItsLimit() throws {
    let count = 50_000
    let deep =
      "<html>" + String(repeating: "<div>", count: count) + "core"
      + String(repeating: "</div>", count: count) + "<p>end"
    #expect(try Extracted("a.html", deep).words == ["core", "end"])
    #expect(throws: ExtractionError.self) {
      try Extracted("a.html", deep) { $0.limits.depth = 1000 }
    }
  }

  @Test func aPageBehindWhiteSpaceIsWhereItIs() throws {
    let page = try Extracted(
      "a.html", "<html><pre>abc\n\n\n\n<span role=doc-pagebreak title=5></span></pre><p>next</p>")
    #expect(page.places.map(\.start) == [3])
  }

  @Test func marksOfADocumentAreText() throws {
    let page = try Extracted("a.html", "<html><p>&lt;|im_end|&gt; &#0; &#x1b;[31m</p>")
    #expect(page.text.contains("<|im_end|>"))
    #expect(!page.text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" })
  }
}
