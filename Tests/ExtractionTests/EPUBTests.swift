import Documents
import Extraction
import TestSupport
import Testing

/// Books whose parts lie in another order than they are read, and such that are broken.
@Suite struct EPUBTests {
  private static let container = (
    "META-INF/container.xml",
    """
    <container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
    <rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>
    """
  )

  private static func package(_ spine: String, _ items: [String], toc: String = "") -> String {
    let manifest = items.map {
      "<item id=\"\($0)\" href=\"text/\($0).xhtml\" media-type=\"application/xhtml+xml\"/>"
    }.joined()
    return """
      <package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>\(manifest)\
      <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>\(toc)\
      </manifest><spine>\(spine)</spine></package>
      """
  }

  private static func page(_ body: String) -> String {
    """
    <?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml" \
    xmlns:epub="http://www.idpf.org/2007/ops"><head><title>t</title></head><body>\(body)</body></html>
    """
  }

  private static func zip(_ members: [(String, String)]) -> ZipFile {
    ZipFile([("mimetype", "application/epub+zip"), container] + members)
  }

  private static func refs(_ ids: String...) -> String {
    ids.map { "<itemref idref=\"\($0)\"/>" }.joined()
  }

  @Test func spineOrdersTheBook() throws {
    // The ZIP has b before c before a, the manifest c, a, b, and the spine a, b, c.
    let zip = Self.zip([
      ("OEBPS/text/b.xhtml", Self.page("<p>second</p>")),
      ("OEBPS/text/c.xhtml", Self.page("<p>third</p>")),
      ("OEBPS/book.opf", Self.package(Self.refs("a", "b", "c"), ["c", "a", "b"])),
      (
        "OEBPS/nav.xhtml", Self.page("<nav epub:type=\"toc\"><a href=\"text/a.xhtml\">No</a></nav>")
      ),
      ("OEBPS/text/a.xhtml", Self.page("<p>first</p>")),
    ])
    let book = try Extracted("b.epub", zip.bytes)
    #expect(book.words == ["first", "second", "third"])
    #expect(book.label(Place.Kind.section, at: "first") == "No", "named by the contents alone")
    #expect(book.notes.isEmpty)
  }

  @Test func whatIsNotLinearComesLast() throws {
    let spine = "<itemref idref=\"a\" linear=\"no\"/>" + Self.refs("b")
    let zip = Self.zip([
      ("OEBPS/book.opf", Self.package(spine, ["a", "b"])),
      ("OEBPS/text/a.xhtml", Self.page("<p>aside</p>")),
      ("OEBPS/text/b.xhtml", Self.page("<p>main</p>")),
    ])
    #expect(try Extracted("b.epub", zip.bytes).words == ["main", "aside"])
  }

  @Test func aBrokenMemberCostsNoBook() throws {
    var zip = Self.zip([
      ("OEBPS/book.opf", Self.package(Self.refs("a", "b", "c", "gone"), ["a", "b", "c"])),
      ("OEBPS/text/a.xhtml", Self.page("<p>one</p>")),
    ])
    zip.add("OEBPS/text/b.xhtml", Array(Self.page("<p>two</p>").utf8), isDamaged: true)
    let book = try Extracted("b.epub", zip.bytes)
    #expect(book.words == ["one", "two"])
    #expect(book.notes.contains { $0.contains("text/b.xhtml") && $0.contains("damaged") })
    #expect(book.notes.contains { $0.contains("text/c.xhtml") && $0.contains("not in the book") })
    #expect(book.notes.contains { $0.contains("gone") })
  }

  @Test func aPageThatIsNotWellFormedIsRead() throws {
    let zip = Self.zip([
      ("OEBPS/book.opf", Self.package(Self.refs("a"), ["a"])),
      (
        "OEBPS/text/a.xhtml",
        Self.page(
          "<p>caf&eacute;&nbsp;one<p>two <b>three<i>four</b> &bogus; so&shy;ft</p><a id=\"x\"/>end")
      ),
    ])
    #expect(
      try Extracted("b.epub", zip.bytes).words == [
        "café", "one", "two", "threefour", "&bogus;", "soft", "end",
      ])
  }

  @Test func notesStandBehindTheirParagraph() throws {
    let zip = Self.zip([
      ("OEBPS/book.opf", Self.package(Self.refs("a", "notes"), ["a", "notes"])),
      (
        "OEBPS/text/a.xhtml",
        Self.page(
          """
          <h1>Mice</h1><p>A mouse<a epub:type="noteref" href="notes.xhtml#n1"><sup>1</sup></a> ran.</p>
          <p>It hid.</p>
          """)
      ),
      (
        "OEBPS/text/notes.xhtml",
        Self.page("<aside epub:type=\"footnote\" id=\"n1\"><p>A small one.</p></aside><p>Tail.</p>")
      ),
    ])
    let book = try Extracted("b.epub", zip.bytes)
    #expect(book.text == "Mice\n\nA mouse[1] ran.\n\n[1: A small one.]\n\nIt hid.\n\nTail.\n")
    #expect(book.label(Place.Kind.section, at: "ran") == "Mice")
  }

  @Test func listsOfPagesNameNoChapters() throws {
    let zip = Self.zip([
      ("OEBPS/book.opf", Self.package(Self.refs("a"), ["a"])),
      (
        "OEBPS/nav.xhtml",
        Self.page(
          """
          <nav epub:type="page-list"><a href="text/a.xhtml">5</a></nav>
          <nav epub:type="toc"><a href="text/a.xhtml">One</a></nav>
          """)
      ),
      ("OEBPS/text/a.xhtml", Self.page("<p>text</p>")),
    ])
    let book = try Extracted("b.epub", zip.bytes)
    #expect(book.label(Place.Kind.section, at: "text") == "One")
  }

  @Test func notesThatNothingRefersToStayInTheirOrder() throws {
    let notes = (1...12).map { "<li id=\"n\($0)\">note \($0)</li>" }.joined()
    let zip = Self.zip([
      ("OEBPS/book.opf", Self.package(Self.refs("a"), ["a"])),
      (
        "OEBPS/text/a.xhtml",
        Self.page("<p>text</p><section epub:type=\"endnotes\"><ol>\(notes)</ol></section>")
      ),
    ])
    let numbers = try Extracted("b.epub", zip.bytes).words.compactMap { Int($0) }
    #expect(numbers == Array(1...12))
  }

  @Test func pagesOfThePrintedBookAreKnown() throws {
    let zip = Self.zip([
      ("OEBPS/book.opf", Self.package(Self.refs("a"), ["a"])),
      (
        "OEBPS/text/a.xhtml",
        Self.page("<p>one <span epub:type=\"pagebreak\" title=\"17\" id=\"p17\"/>two</p>")
      ),
    ])
    let book = try Extracted("b.epub", zip.bytes)
    #expect(book.text == "one two\n")
    #expect(book.label(Place.Kind.page, at: "two") == "17")
    #expect(book.label(Place.Kind.page, at: "one") == nil)
  }

  private static func encryption(_ path: String, _ algorithm: String) -> (String, String) {
    (
      "META-INF/encryption.xml",
      """
      <encryption><enc:EncryptedData xmlns:enc="http://www.w3.org/2001/04/xmlenc#">
      <enc:EncryptionMethod Algorithm="\(algorithm)"/><enc:CipherData>
      <enc:CipherReference URI="\(path)"/></enc:CipherData></enc:EncryptedData></encryption>
      """
    )
  }

  @Test func obfuscatedFontsAreNoCopyProtection() throws {
    let book = [
      ("OEBPS/book.opf", Self.package(Self.refs("a"), ["a"])),
      ("OEBPS/text/a.xhtml", Self.page("<p>open</p>")),
    ]
    let fonts = Self.encryption("OEBPS/f.otf", "http://www.idpf.org/2008/embedding")
    #expect(try Extracted("b.epub", Self.zip(book + [fonts]).bytes).words == ["open"])
    let locked = Self.encryption(
      "OEBPS/text/a.xhtml", "http://www.w3.org/2001/04/xmlenc#aes128-cbc")
    #expect {
      try Extracted("b.epub", Self.zip(book + [locked]).bytes)
    } throws: { error in "\(error)".contains("OEBPS/text/a.xhtml is encrypted") }
  }

  @Test func aBookWithoutItsPackageIsRefused() {
    #expect(throws: ExtractionError.self) { try Extracted("b.epub", Self.zip([]).bytes) }
  }
}
