import Documents
import Foundation
import Host
import TestSupport
import Testing

@Suite struct DocumentTests {
  private let directory: TemporaryDirectory
  private let loader = DocumentLoader()

  init() throws { directory = try TemporaryDirectory() }

  @Test func textIsKeptVerbatim() throws {
    let text = "first\r\nsecond\u{2028}third e\u{301}\n\n"
    let document = try loader.load(try directory.write("a.txt", text))
    #expect(Array(document.text.utf8) == Array(text.utf8))
    #expect(document.name == "a.txt")
    #expect(
      document.parts == [Document.Part(path: "a.txt", start: 0, length: text.unicodeScalars.count)])
  }

  @Test(arguments: [
    ("ISO-8859-1", String.Encoding.isoLatin1), ("UTF-16", .utf16), ("UTF-16LE", .utf16LittleEndian),
    ("windows-1251", .windowsCP1251),
  ])
  func encodingsAreDetected(name: String, encoding: String.Encoding) throws {
    let text =
      encoding == .windowsCP1251
      ? String(
        repeating:
          "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива "
          + "по-своему. ",
        count: 20)
      : String(
        repeating:
          "Le cœur a ses raisons que la raison ne connaît point; déjà vu, élève, forêt, août. ",
        count: 20
      )
      .replacingOccurrences(of: "œ", with: "oe")
    var data = try #require(text.data(using: encoding))
    if encoding == .utf16LittleEndian { data = Data([0xFF, 0xFE]) + data }
    #expect(try loader.load(try directory.write("a.txt", data)).text == text)
  }

  @Test func aByteOrderMarkIsNoText() throws {
    #expect(
      try loader.load(try directory.write("a.txt", Data([0xEF, 0xBB, 0xBF]) + Data("x".utf8))).text
        == "x")
  }

  @Test func aNamedEncodingIsTaken() throws {
    let path = try directory.write("a.txt", Data([0xE9]))
    #expect(try DocumentLoader(encoding: "ISO-8859-1").load(path).text == "é")
    #expect(throws: DocumentError.unknownEncoding("klingon")) {
      try DocumentLoader(encoding: "klingon").load(path)
    }
  }

  @Test func whatANamedEncodingCannotDecodeIsRefused() throws {
    let path = try directory.write("a.txt", Data("caf".utf8) + Data([0xE9]))
    #expect(throws: DocumentError.invalidEncoding(path: path, byte: 3, guess: nil)) {
      try DocumentLoader(encoding: "ASCII").load(path)
    }
    let surrogate = try directory.write("b.txt", Data([0xFF, 0xFE, 0x61, 0, 0, 0xD8, 0x62, 0]))
    #expect(throws: DocumentError.self) { try loader.load(surrogate) }
  }

  @Test func convertersThatHoldBackTheLastCharacterAreFlushed() throws {
    let path = try directory.write("a.txt", Data("xin chao".utf8))
    #expect(try DocumentLoader(encoding: "WINDOWS-1258").load(path).text == "xin chao")
    let long = String(repeating: "é", count: 100_000)
    let latin = try directory.write("b.txt", try #require(long.data(using: .isoLatin1)))
    #expect(try DocumentLoader(encoding: "ISO-8859-1").load(latin).text == long)
  }

  static let bad: [(name: String, data: Data, message: String)] = [
    ("empty.txt", Data(), "no text"), ("blank.txt", Data(" \n\t ".utf8), "no text"),
    ("binary.bin", Data([1, 2, 0, 3, 255]), "binary"),
    ("nul.txt", Data([0xEF, 0xBB, 0xBF, 0x61, 0, 0x62]), "binary"),
    ("a.pdf", Data("%PDF-1.7".utf8), "pdftotext cannot read it"),
    ("book.epub", Data([0x50, 0x4B, 3, 4]), "damaged"),
    ("page.html", Data("<p> </p>".utf8), "no text"),
    ("a.doc", Data([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]), "save it as DOCX"),
    ("a.azw3", Data("x".utf8), "ebook-convert"),
    ("a.tar.gz", Data([0x1F, 0x8B, 8]), "damaged"),
  ]

  @Test(arguments: bad)
  func badFilesAreRefusedByName(name: String, data: Data, message: String) throws {
    let path = try directory.write(name, data)
    do {
      _ = try loader.load(path)
      Issue.record("\(name) was read")
    } catch {
      #expect("\(error)".contains(message))
      #expect("\(error)".contains(name))
    }
  }

  @Test func aMissingPathIsNamed() {
    #expect(throws: DocumentError.notFound(path: "/no/such/book.txt")) {
      try loader.load("/no/such/book.txt")
    }
  }

  private func codebase() throws -> String {
    let root = "project/"
    for (name, text) in [
      ("src/b.swift", "let b = 2\n"), ("src/a.swift", "let a = 1"),
      ("src/deep/c.swift", "let c = 3\n"), ("README.md", "# Project\n"),
      ("Makefile", "all:\n"), (".gitignore", "secret.txt\nbuild/\n"), ("secret.txt", "no\n"),
      ("build/out.txt", "no\n"), ("empty.txt", ""),
    ] { _ = try directory.write(root + name, text) }

    _ = try directory.write(root + "logo.png", Data([0x89, 0x50, 0, 1]))

    return directory.path + "/project"
  }

  private func check(_ document: Document) {
    #expect(
      document.parts.map(\.path) == [
        "README.md", "Makefile", ".gitignore", "src/a.swift", "src/b.swift", "src/deep/c.swift",
      ])
    let scalars = Array(document.text.unicodeScalars)
    for part in document.parts {
      #expect(document.text.contains("==> \(part.path) <==\n"))
      #expect(document.origin(of: part.start)?.path == part.path)
      #expect(document.origin(of: part.start)?.offset == 0)
      let text = String(String.UnicodeScalarView(scalars[part.start..<part.start + part.length]))
      if part.path == "src/a.swift" { #expect(text == "let a = 1") }
    }

    #expect(document.origin(of: 0) == nil, "a heading belongs to no file")
    #expect(document.name == "project")
  }

  @Test func aDirectoryIsACodebase() throws { check(try loader.load(try codebase())) }

  @Test func aRepositoryListsWhatGitLists() throws {
    let path = try codebase()
    #expect(try Command.run("git", ["init", "-q"], directory: path).status == 0)
    check(try loader.load(path))
    _ = try Command.run("git", ["add", "-f", "secret.txt"], directory: path)
    #expect(
      try loader.load(path).parts.contains { $0.path == "secret.txt" },
      "tracked files count even if ignored")
  }

  @Test func aRepositorysSettingsRunNothing() throws {
    let path = try codebase()
    let proof = directory.path + "/proof"
    _ = try Command.run("git", ["init", "-q"], directory: path)
    _ = try Command.run(
      "git", ["config", "core.fsmonitor", "touch \(proof); false"], directory: path)
    _ = try loader.load(path)
    #expect(!FileManager.default.fileExists(atPath: proof))
  }

  @Test func aDirectoryWithoutTextIsRefused() throws {
    _ = try directory.write("pictures/a.png", Data([0, 1, 2]))
    let path = directory.path + "/pictures"
    #expect(throws: DocumentError.noTextInDirectory(path: path, leftOut: [])) {
      try loader.load(path)
    }
  }
}
