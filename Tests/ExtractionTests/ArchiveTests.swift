import Documents
import Extraction
import TestSupport
import Testing

@Suite struct ArchiveTests {
  @Test func membersAreReadInReadingOrder() throws {
    let zip = ZipFile([
      ("src/b.py", "b = 1\n"), ("README.md", "# Top\n\nAbout.\n"), (".git/config", "no"),
      ("page.html", "<html><p>Page.</p>"), ("empty.txt", ""), ("x.bin", "\0\0\0\0\u{1}\u{2}"),
      (".env", "KEY=1"),
    ])
    let archive = try Extracted("a.zip", zip.bytes)
    #expect(archive.texts.map(\.path) == ["README.md", "page.html", "src/b.py"])
    #expect(archive.texts[1].text == "Page.\n")
    #expect(archive.texts[0].places.map(\.label) == ["Top"])
    #expect(archive.notes.contains { $0.contains(".env") && $0.contains("secrets") })
  }

  @Test func namesThatLeadOutAreNotRead() throws {
    let zip = ZipFile([("../../etc/x", "a"), ("/abs", "b"), ("ok.txt", "c"), ("ok.txt", "d")])
    let archive = try Extracted("a.zip", zip.bytes)
    #expect(archive.texts.map(\.text) == ["c"])
    #expect(archive.notes.count { $0.contains("leads out of the archive") } == 2)
    #expect(archive.notes.contains { $0.contains("a second member of this name") })
  }

  @Test func archivesInArchivesEndAtTheirLimit() throws {
    var bytes = ZipFile([("core.txt", "deep")]).bytes
    for _ in 0..<2 {
      var outer = ZipFile()
      outer.add("in.zip", bytes)
      bytes = outer.bytes
    }
    let archive = try Extracted("a.zip", bytes)
    #expect(archive.texts.isEmpty)
    #expect(
      archive.notes.contains { $0.contains("in.zip/in.zip") || $0.contains("--limit nesting") })
    let all = try Extracted("a.zip", bytes) { $0.limits.nesting = 3 }
    #expect(all.texts.map(\.path) == ["in.zip/in.zip/core.txt"])
  }

  @Test func limitsAreNamed() {
    let many = ZipFile((0..<20).map { ("\($0).txt", "text") }).bytes
    #expect(throws: ExtractionError.limit("it has too many members", name: "members", is: 10)) {
      try Extracted("a.zip", many) { $0.limits.members = 10 }
    }
    #expect(throws: ExtractionError.limit("it unpacks to more bytes", name: "bytes", is: 50)) {
      try Extracted("a.zip", many) { $0.limits.bytes = 50 }
    }
  }

  @Test func damageIsNamedAndTheRestRead() throws {
    var zip = ZipFile([("a.txt", "one")])
    zip.add("b.txt", Array("two".utf8), isDamaged: true)
    zip.add("c.txt", Array("three".utf8))
    let archive = try Extracted("a.zip", zip.bytes)
    #expect(archive.texts.map(\.text) == ["one", "two", "three"])
    #expect(archive.notes.contains { $0.contains("b.txt") && $0.contains("damaged") })
    #expect(try Extracted("a.zip", Array(zip.bytes.prefix(60))).texts.map(\.text) == ["one"])
  }
}
