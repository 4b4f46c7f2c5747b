import Documents
import Foundation
import Host
import TestSupport
import Testing

/// Files in foreign formats by way of the program that reads them.
@Suite struct FormatTests {
  private let directory = try! TemporaryDirectory()

  private var extractor: Extractor {
    var extractor = Extractor()
    extractor.program = Program.directory + "/docproc-extract"
    return extractor
  }

  private var loader: DocumentLoader { DocumentLoader(extractor: extractor) }

  private func load(_ fixture: String) throws -> Document {
    try loader.load(Repository.fixture("formats/" + fixture))
  }

  private static func words(_ text: String) -> [Substring] {
    text.split(whereSeparator: \.isWhitespace)
  }

  /// Of the first two chapters, as public tools turned them into other formats.
  private static let fixtures: [(String, type: String, place: String)] = [
    ("alice2.epub", "application/epub+zip", Place.Kind.section),
    ("alice3.epub", "application/epub+zip", Place.Kind.section),
    ("alice.html", "text/html", Place.Kind.section),
    (
      "alice.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      Place.Kind.section
    ),
    ("alice.odt", "application/vnd.oasis.opendocument.text", Place.Kind.section),
    ("alice.rtf", "application/rtf", Place.Kind.section),
    ("alice.pdf", "application/pdf", Place.Kind.page),
    ("alice-columns.pdf", "application/pdf", Place.Kind.page),
  ]

  @Test(arguments: fixtures)
  func aBookIsTheSameInEveryFormat(name: String, type: String, place: String) throws {
    let wanted = Self.words(try load("alice.txt").text)
    let document = try load(name)
    let found = Self.words(document.text)
    let difference = found.difference(from: wanted).count
    #expect(difference * 100 < wanted.count, "\(difference) of \(wanted.count) words")
    let source = try #require(document.parts[0].source)
    #expect(source.type == type)
    #expect(source.bytes > 1000 && source.sha256.count == 64)
    #expect(document.parts[0].places?.contains { $0.kind == place } ?? false)
    #expect(!document.isDirectory)
  }

  @Test func quotesLeadBackToTheirPage() throws {
    let document = try load("alice-columns.pdf")
    let places = try #require(document.parts[0].places)
    let range = try #require(document.text.range(of: "tiny golden key"))
    let scalars = document.text.unicodeScalars
    let offset = scalars.distance(from: scalars.startIndex, to: range.lowerBound)
    let page = try #require(places.label(Place.Kind.page, at: offset))
    let shown = try Command.run(
      "pdftotext", ["-f", page, "-l", page, Repository.fixture("formats/alice-columns.pdf"), "-"])
    let text = String(decoding: shown.output, as: UTF8.self)
    #expect(
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains("golden key"))
  }

  @Test func aDirectoryHasItsBooks() throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: directory.path + "/d", withIntermediateDirectories: true)
    for name in ["alice.docx", "alice.rtf"] {
      try manager.copyItem(
        atPath: Repository.fixture("formats/" + name), toPath: directory.path + "/d/" + name)
    }
    _ = try directory.write("d/note.txt", "A note.")
    let document = try loader.load(directory.path + "/d")
    #expect(document.parts.map(\.path) == ["note.txt", "alice.docx", "alice.rtf"])
    #expect(document.parts[1].source != nil && document.parts[0].source == nil)
    let place = try #require(document.parts[1].places?.last { $0.kind == Place.Kind.section })
    let start = document.parts[1].start + place.start
    let scalars = Array(document.text.unicodeScalars)
    let title = String(String.UnicodeScalarView(scalars[start..<start + 9]))
    #expect(title == "Chapter 2")
  }

  @Test func aCompressedFileIsItsText() throws {
    let path = try directory.write("a.txt", "Some text.\n")
    #expect(try Command.run("gzip", [path]).status == 0)
    let document = try loader.load(path + ".gz")
    #expect(document.text == "Some text.\n" && document.name == "a.txt.gz")
    #expect(!document.isDirectory)
  }

  /// Nothing of this host can be read from within, and nothing be reached.
  @Test func theReaderIsShutIn() throws {
    let result = try Command.run(
      Program.directory + "/docproc-extract",
      ["--check", try directory.write("secret", "key")])
    #expect(result.status == 0)
    #expect(
      String(decoding: result.output, as: UTF8.self) == """
        new privileges: refused
        other files: refused
        network: refused
        other processes: refused
        changes to files: refused

        """)
  }

  @Test func aReaderThatBreaksIsAnErrorOfItsFile() throws {
    let broken = try directory.write("broken", "#!/bin/sh\nkill -SEGV $$\n")
    let slow = try directory.write("slow", "#!/bin/sh\nsleep 60\n")
    let liar = try directory.write(
      "liar", "#!/bin/sh\necho '{\"text\":{\"bytes\":2,\"places\":[]}}'; printf '\\377\\377\\n'\n")
    let greedy = try directory.write(
      "greedy",
      """
      #!/bin/sh
      echo '{"text":{"bytes":1,"places":[]}}'; echo a
      echo '{"text":{"bytes":9223372036854775807,"places":[]}}'
      """)
    for path in [broken, slow, liar, greedy] { chmod(path, 0o755) }
    let page = try directory.write("a.html", "<p>text</p>")
    for (program, says) in [
      (broken, "broke its reader (signal 11"), (slow, "longer than 1 seconds"),
      (liar, "no UTF-8"), (greedy, "the limit is"),
    ] {
      var extractor = Extractor()
      extractor.program = program
      extractor.limits.seconds = 1
      let loader = DocumentLoader(extractor: extractor)
      #expect {
        try loader.load(page)
      } throws: { error in "\(error)".contains(says) && "\(error)".contains("a.html") }
    }
  }

  @Test func aPasswordOpensWhatItLocks() throws {
    let path = Repository.fixture("formats/locked.pdf")
    #expect {
      try loader.load(path)
    } throws: { error in "\(error)".contains("--password-file") }
    var extractor = extractor
    extractor.password = "wrong"
    #expect {
      try DocumentLoader(extractor: extractor).load(path)
    } throws: { error in "\(error)".contains("does not open it") }
    extractor.password = "mouse"
    #expect(try DocumentLoader(extractor: extractor).load(path).text.contains("Alice"))
  }

  @Test func picturesOfPagesAreNamed() throws {
    let document = try load("pictures.pdf")
    #expect(document.notes.contains { $0.contains("pages 2-3 hold images and no text") })
  }

  // MARK: Revisions

  @Test func aRevisionIsReadWithoutCheckingItOut() throws {
    let root = directory.path + "/r"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    func git(_ arguments: String...) throws {
      let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
      #expect(try Command.run("git", ["-C", root] + identity + arguments).status == 0)
    }
    try git("init", "-q")
    _ = try directory.write("r/a.txt", "First.\n")
    try git("add", ".")
    try git("commit", "-q", "-m", "one")
    try git("tag", "v1")
    _ = try directory.write("r/a.txt", "Second.\n")
    _ = try directory.write("r/b.html", "<p>Page.</p>\n")
    try git("add", ".")
    try git("commit", "-q", "-m", "two")
    _ = try directory.write("r/a.txt", "Third.\n")

    #expect(try loader.load(root + "@v1").text == "==> a.txt <==\n\nFirst.\n")
    let head = try DocumentLoader(extractor: extractor, revision: "HEAD").load(root)
    #expect(head.parts.map(\.path) == ["a.txt", "b.html"])
    #expect(head.text.contains("Second.") && head.text.contains("Page."))
    #expect {
      try loader.load(root + "@nowhere")
    } throws: { error in "\(error)".contains("no revision nowhere") }
    #expect {
      try loader.load(root + "@--output=x")
    } throws: { error in "\(error)".contains("no revision") }
  }

  @Test func aTextThatSpeaksOfAFormatIsText() throws {
    let code = "if head.startswith(b\"%PDF-\"): pass  # {\\rtf\n"
    let path = try directory.write("a.py", code)
    #expect(try loader.load(path).text == code)
    for text in [
      "BZhang wrote it.", "From Monday on it rained.", "PKs", "Rar! he said", "07070 11",
    ] {
      #expect(FileFormat.of(name: "a.txt", head: Array(text.utf8)) == .text, "\(text)")
    }
  }

  @Test func markdownHasItsHeadings() throws {
    let path = try directory.write(
      "a.md", "# Top #\n\ntext\n\n```sh\n# no heading\n```\n\nUnder\n-----\n\n### Deep\n\nend\n")
    let places = try #require(try loader.load(path).parts[0].places)
    #expect(places.map(\.label) == ["Top", "Top > Under", "Top > Under > Deep"])
    #expect(places.map(\.start) == [0, 39, 52])
    let settings = try directory.write(
      "b.md", "---\ntitle: x\n---\n\n    # code\n\n````\n```\n# inner\n````\n\n# One\n")
    #expect(try loader.load(settings).parts[0].places?.map(\.label) == ["One"])
  }
}
