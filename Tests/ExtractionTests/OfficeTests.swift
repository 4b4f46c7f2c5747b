import Documents
import Extraction
import TestSupport
import Testing

@Suite struct OfficeTests {
  private static let word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

  private static func docx(_ body: String, _ more: [(String, String)] = []) -> [UInt8] {
    let relations = "<Relationships><Relationship Id=\"r\" Type=\"x/officeDocument\""
    let parts = ["styles", "footnotes"].map {
      "<Relationship Id=\"\($0)\" Type=\"x/\($0)\" Target=\"\($0).xml\"/>"
    }.joined()
    return ZipFile(
      [
        ("[Content_Types].xml", "<Types/>"),
        ("_rels/.rels", relations + " Target=\"word/document.xml\"/></Relationships>"),
        ("word/_rels/document.xml.rels", "<Relationships>\(parts)</Relationships>"),
        (
          "word/styles.xml",
          """
          <w:styles xmlns:w="\(word)"><w:style w:styleId="Kop1"><w:name w:val="heading 1"/></w:style>
          <w:style w:styleId="My"><w:basedOn w:val="Kop1"/></w:style></w:styles>
          """
        ),
        (
          "word/document.xml",
          "<w:document xmlns:w=\"\(word)\"><w:body>\(body)</w:body></w:document>"
        ),
      ] + more
    ).bytes
  }

  private static func run(_ text: String) -> String { "<w:r><w:t>\(text)</w:t></w:r>" }

  @Test func trackedChangesAreAsIfAccepted() throws {
    let body =
      "<w:p>\(Self.run("kept "))<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
      + "<w:ins>\(Self.run("added"))</w:ins><w:moveFrom>\(Self.run("moved"))</w:moveFrom></w:p>"
    #expect(try Extracted("a.docx", Self.docx(body)).text == "kept added\n")
  }

  @Test func whatWordShowsIsRead() throws {
    let box = "<w:txbxContent><w:p>\(Self.run("box"))</w:p></w:txbxContent>"
    let body = """
      <w:p><w:pPr><w:pStyle w:val="My"/></w:pPr>\(Self.run("Mice"))</w:p>
      <w:p><w:pPr><w:tabs><w:tab w:pos="1"/></w:tabs></w:pPr>\(Self.run("A"))<w:r><w:tab/></w:r>\
      \(Self.run("B"))<w:r><w:fldChar/><w:instrText>PAGE</w:instrText></w:r>\
      <w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:lastRenderedPageBreak/></w:r>\(Self.run("C"))</w:p>
      <w:p><w:r><mc:AlternateContent xmlns:mc="m"><mc:Choice>\(box)</mc:Choice>\
      <mc:Fallback>\(box)</mc:Fallback></mc:AlternateContent></w:r></w:p>
      <w:tbl><w:tr><w:tc><w:p>\(Self.run("x"))</w:p></w:tc><w:tc><w:p>\(Self.run("y"))</w:p></w:tc></w:tr>
      <w:tr><w:tc><w:p/></w:tc><w:tc><w:p>\(Self.run("1"))</w:p></w:tc></w:tr></w:tbl>
      """
    let notes = """
      <w:footnotes xmlns:w="\(Self.word)"><w:footnote w:type="separator" w:id="0"><w:p>\(Self.run("-"))</w:p>
      </w:footnote><w:footnote w:id="2"><w:p>\(Self.run("A note."))</w:p></w:footnote></w:footnotes>
      """
    let file = try Extracted("a.docx", Self.docx(body, [("word/footnotes.xml", notes)]))
    #expect(file.text == "Mice\n\nA\tB[1]C\n\n[1: A note.]\n\nbox\n\nx\ty\n\t1\n")
    #expect(file.label(Place.Kind.section, at: "note") == "Mice")
    #expect(file.label(Place.Kind.page, at: "C\n") == "2")
  }

  /// A billion laughs: entities of a document's own stand for nothing.
  @Test func entitiesDoNotGrow() throws {
    let laughs = (1...9).map { level in
      "<!ENTITY l\(level) \"" + String(repeating: "&l\(level - 1);", count: 10) + "\">"
    }.joined()
    let document =
      "<!DOCTYPE d [<!ENTITY l0 \"lol\">\(laughs)]><w:document xmlns:w=\"\(Self.word)\"><w:body>"
      + "<w:p>\(Self.run("a &l9; b"))</w:p></w:body></w:document>"
    let zip = ZipFile([("[Content_Types].xml", ""), ("word/document.xml", document)])
    #expect(try Extracted("a.docx", zip.bytes).text.utf8.count < 100)
  }

  @Test func openDocumentKeepsItsNotes() throws {
    let content = """
      <office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b"><office:body><office:text>
      <text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
      <text:h text:outline-level="1">Mice</text:h><text:p>A<text:s text:c="2"/>B<text:note><text:note-citation>*\
      </text:note-citation><text:note-body><text:p>A note.</text:p></text:note-body></text:note> C\
      <office:annotation><text:p>a remark</text:p></office:annotation></text:p>
      <table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell>\
      <table:table-cell table:number-columns-repeated="2"/><table:table-cell><text:p>y</text:p>\
      </table:table-cell></table:table-row></table:table></office:text></office:body></office:document-content>
      """
    let zip = ZipFile([
      ("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", content),
    ])
    let file = try Extracted("a.odt", zip.bytes)
    #expect(file.text == "Mice\n\nA  B[*] C\n\n[*: A note.]\n\nx\t\t\ty\n")
    #expect(file.notes == ["1 comment was left out"])
  }

  @Test func richTextHasItsLetters() throws {
    let file = try Extracted(
      "a.rtf",
      #"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset204 A;}{\f1\fcharset0 B;}}{\info{\title no}}"#
        + #"{\stylesheet{\s1 heading 1;}}\pard\s1 Mice\par\pard\f1 caf\'e9 \u8217?\u-10179?\u-8694? "#
        + #"\f0\'ec\'fb\'f8\'fc\f1{\*\unknown no}{\v no}\deleted no\deleted0 "#
        + #"{\footnote A note.}\par\trowd\intbl a\cell b\cell\row c\cell\cell\row\pard end\page x}"#
    )
    #expect(
      file.text == "Mice\n\ncafé ’😊 мышь[1]\n\n[1: A note.]\n\na\tb\nc\t\n\nendx\n")
    #expect(file.label(Place.Kind.section, at: "café") == "Mice")
    #expect(file.label(Place.Kind.page, at: "x\n") == "2")
  }

  @Test func aNoteLeavesItsParagraphAsItWas() throws {
    let file = try Extracted(
      "a.rtf",
      #"{\rtf1{\stylesheet{\s1 heading 1;}}\pard\s1 Mice{\footnote \pard\plain a{\footnote b}c} run\par"#
        + #"\pard\intbl x{\footnote\pard n\par}\cell y\cell\row\pard\plain end}"#)
    #expect(
      file.text
        == "Mice[1] run\n\n[1: a[2]c]\n\n[2: b]\n\nx[3]\ty\n\n[3: n]\n\nend\n")
    #expect(file.label(Place.Kind.section, at: "end") == "Mice[1] run")
  }

  @Test func drawingsOfAFlatTextAreNoText() throws {
    let file = try Extracted(
      "a.fodt",
      """
      <?xml version="1.0"?><office:document xmlns:office="o" xmlns:text="t" xmlns:draw="d"><office:body>
      <office:text><text:p>a<draw:image><office:binary-data>AAAA</office:binary-data></draw:image></text:p>
      <text:p><draw:object><office:document><office:body><text:p>chart</text:p></office:body>
      </office:document></draw:object></text:p><text:p>b</text:p></office:text></office:body></office:document>
      """)
    #expect(file.words == ["a", "b"])
  }

  @Test func foreignNumbersAreBounded() throws {
    let content = """
      <?xml version="1.0"?><office:document xmlns:office="o" xmlns:text="t"><office:body>
      <office:text><text:h text:outline-level="-99999999999999999999">x</text:h>
      <text:p>a<text:s text:c="9223372036854775807"/>b</text:p></office:text></office:body></office:document>
      """
    #expect(try Extracted("a.fodt", content).text.utf8.count < 300)
    let list = "<html><ol start=9223372036854775807><li>a<li>b</ol>"
    #expect(try Extracted("a.html", list).words.count == 4)
    let rtf = try Extracted("a.rtf", #"{\rtf1\u99999999\uc99999999 a\bin9999999999 b}"#)
    #expect(rtf.texts.count == 1)
  }

  @Test func whatNobodyReadsIsNamed() {
    let old: [UInt8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]
    let locked =
      old + Array("EncryptedPackage".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    for (name, bytes, says) in [
      ("a.doc", old, "old Office"), ("a.docx", locked, "password"),
      ("a.xlsx", ZipFile([("[Content_Types].xml", ""), ("xl/workbook.xml", "")]).bytes, "CSV"),
      (
        "a.ods",
        ZipFile([("mimetype", "application/vnd.oasis.opendocument.spreadsheet")]).bytes, "CSV"
      ),
    ] {
      #expect {
        try Extracted(name, bytes)
      } throws: { error in "\(error)".contains(says) }
    }
  }
}
