import Documents
import Foundation
import Host
import TestSupport
import Testing

/// Directories as people have them: nothing in them is left out without a word.
@Suite struct DirectoryTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func path(_ name: String) -> String { directory.path + "/" + name }

  private func load(_ name: String, _ choice: FileChoice = FileChoice()) throws -> Document {
    try DocumentLoader(choice: choice).load(path(name))
  }

  private func git(_ folder: String, _ arguments: String...) throws {
    let identity = [
      "-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always",
    ]
    let done = try Command.run("git", identity + arguments, directory: path(folder))
    #expect(done.status == 0, "\(done.error)")
  }

  private func repository(_ folder: String, _ file: String, _ text: String) throws {
    _ = try directory.write(folder + "/" + file, text)
    try git(folder, "init", "-q", "-b", "main")
    try git(folder, "add", ".")
    try git(folder, "commit", "-qm", "x")
  }

  @Test func repositoriesWithinADirectoryAreRead() throws {
    try repository("all/one", "a.txt", "One.")
    try repository("all/two", "gate.txt", "The gate opens at 0815.")
    try repository("all/two/deep/three", "b.txt", "Three.")
    _ = try directory.write("all/notes.txt", "loose")
    let document = try load("all")
    #expect(
      document.parts.map(\.path) == [
        "notes.txt", "one/a.txt", "two/gate.txt", "two/deep/three/b.txt",
      ])
    #expect(document.notes == [])
  }

  @Test func submodulesAreReadOrNamed() throws {
    try repository("lib", "limit.txt", "The rotor limit is 8350.")
    try repository("app", "README.md", "App")
    try git("app", "submodule", "add", "-q", "../lib", "lib")
    try git("app", "commit", "-qm", "y")
    #expect(try load("app").parts.map(\.path).contains("lib/limit.txt"))
    try git(".", "clone", "-q", "app", "fresh")
    let fresh = try load("fresh")
    #expect(!fresh.parts.map(\.path).contains("lib/limit.txt"))
    #expect(
      fresh.notes == ["1 file was left out", "lib: a repository of its own, with no files in it"])
  }

  @Test func anIgnoredDirectoryIsReadByItsName() throws {
    _ = try directory.write("r/.gitignore", "out/\n")
    _ = try directory.write("r/out/crane.txt", "The crane lifts 42 tonnes.")
    try repository("r", "a.txt", "A.")
    #expect(try load("r/out").parts.map(\.path) == ["crane.txt"])
    #expect(try load("r").parts.map(\.path) == ["a.txt", ".gitignore"])
  }

  @Test func aBareRepositoryIsRefused() throws {
    try repository("w", "a.txt", "A.")
    try git(".", "clone", "-q", "--bare", "w", "w.git")
    #expect(throws: DocumentError.bareRepository(path: path("w.git"))) { try load("w.git") }
    #expect(throws: DocumentError.bareRepository(path: path("w/.git"))) { try load("w/.git") }
  }

  @Test func whatIsLeftOutIsNamed() throws {
    _ = try directory.write("d/a.txt", "The keeper is Ola.")
    _ = try directory.write("d/page.html", "<p>The cook is Per.</p>")
    _ = try directory.write("d/paper.pdf", "%PDF-1.4 text")
    _ = try directory.write("d/logo.png", Data([0x89, 0x50, 0, 1, 0, 2]))
    _ = try directory.write("d/damaged.txt", Data("gate ".utf8) + [0xFF] + Data(" opens".utf8))
    let document = try load("d")
    #expect(document.parts.map(\.path) == ["a.txt", "damaged.txt", "page.html"])
    #expect(document.text.contains("==> page.html <==\n\nThe cook is Per.\n"))
    #expect(
      document.notes == [
        "1 file was left out",
        "paper.pdf: pdftotext cannot read it: Syntax Error: Couldn't read xref table",
        "1 file was read in doubt",
        "damaged.txt: damaged UTF-8: 1 place in it cannot be read",
      ])
  }

  @Test func aFileThatMayNotBeReadIsNamed() throws {
    guard getuid() != 0 else { return }
    _ = try directory.write("d/a.txt", "The keeper is Ola.")
    let secret = try directory.write("d/b.txt", "The cook is Per.")
    chmod(secret, 0)
    #expect(try load("d").notes == ["1 file was left out", "b.txt: permission denied"])
  }

  @Test func onlyTheFirstTenAreNamed() throws {
    _ = try directory.write("d/a.txt", "A.")
    for number in 10..<23 { _ = try directory.write("d/\(number).pdf", "%PDF-1.4") }
    let notes = try load("d").notes
    #expect(notes.count == 12 && notes[0] == "13 files were left out" && notes[11] == "and 3 more")
  }

  @Test func linksToFilesAreFollowedByName() throws {
    _ = try directory.write("real.txt", "The pilot is Hugo Lane.")
    try FileManager.default.createSymbolicLink(
      atPath: path("link.txt"), withDestinationPath: "real.txt")
    #expect(try load("link.txt").text == "The pilot is Hugo Lane.")
  }

  @Test func namesNeedNotBeUTF8() throws {
    _ = try directory.write("d/a.txt", "A.")
    let name = Array((path("d") + "/caf").utf8) + [0xE9] + Array(".txt".utf8) + [0]
    let descriptor = name.withUnsafeBytes {
      open($0.bindMemory(to: CChar.self).baseAddress!, O_WRONLY | O_CREAT, 0o644)
    }
    #expect(write(descriptor, "Tea.", 4) == 4)
    close(descriptor)
    let document = try load("d")
    #expect(document.parts.map(\.path) == ["a.txt", "caf\u{FFFD}.txt"])
    #expect(document.text.contains("Tea."))
  }

  @Test func aDirectoryOfOneFileHasAPath() throws {
    _ = try directory.write("d/shape.py", "def area(w, h):\n    return w * h\n")
    let document = try load("d")
    #expect(document.isDirectory && document.parts.map(\.path) == ["shape.py"])
    _ = try directory.write("one.txt", "One.")
    #expect(try !load("one.txt").isDirectory)
  }

  private func project() throws {
    for (name, text) in [
      ("README.md", "Read."), ("src/a.js", "let a"), ("src/a.min.js", "let b"),
      ("package-lock.json", "{}"), (".env", "KEY=1"), (".env.example", "KEY="), ("id_rsa", "x"),
      ("node_modules/x/index.js", "x"), ("venv/pyvenv.cfg", "home"), ("venv/lib/y.py", "y"),
      ("vendor/modules.txt", "# m"), ("vendor/m/m.go", "package m"), ("docs/guide.md", "Guide."),
    ] { _ = try directory.write("p/" + name, text) }
  }

  @Test func whatNobodyWantsToReadIsLeftOutByName() throws {
    try project()
    let document = try load("p")
    #expect(
      document.parts.map(\.path) == ["README.md", ".env.example", "docs/guide.md", "src/a.js"])
    #expect(document.notes.first == "9 files were left out")
    for word in ["a lock file", "minified", "secrets", "node_modules", "--include"] {
      #expect(document.notes.contains { $0.contains(word) }, "\(word)")
    }
  }

  @Test func patternsChooseFiles() throws {
    try project()
    func paths(_ include: [String], _ exclude: [String] = []) throws -> [String] {
      try load("p", FileChoice(include: include, exclude: exclude)).parts.map(\.path)
    }
    #expect(try paths(["*.md"]) == ["README.md", "docs/guide.md"])
    #expect(try paths(["*.md"], ["docs"]) == ["README.md"])
    #expect(try paths(["package-lock.json"]) == ["package-lock.json"])
    #expect(try paths(["src/*"]) == ["src/a.js", "src/a.min.js"])
    #expect(try paths([], ["*.md", "*.js"]) == [".env.example"])
    let error = #expect(throws: DocumentError.self) { try paths(["["]) }
    #expect("\(try #require(error))".contains("13 are left out by --include and --exclude"))
  }

  @Test func severalPathsMakeOneDocument() throws {
    let one = try directory.write("one.txt", "One.")
    _ = try directory.write("d/two.txt", "Two.")
    let document = try DocumentLoader().load(together: [one, path("d")])
    #expect(document.parts.map(\.path) == [one, path("d") + "/two.txt"])
    #expect(document.origin(of: document.parts[1].start)?.path == path("d") + "/two.txt")
  }
}
