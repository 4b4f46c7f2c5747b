import Documents
import Foundation
import Host
import Jobs
import Rendering
import Results
import TestSupport
import Testing

@testable import Programs
@testable import docproc

/// What people see on a terminal, and how they write their commands.
@Suite struct TerminalTests {
  private static let parts = [
    ProgressLine.Part(text: "job 12", rank: 0), .init(text: "reading", rank: 0),
    .init(text: "[" + String(repeating: "#", count: 30) + "]", rank: 4, isBar: true),
    .init(text: "41%", rank: 0), .init(text: "15160 of 36978 tokens", rank: 2),
    .init(text: "239 tokens/s", rank: 3), .init(text: "91 s to go", rank: 1),
  ]

  @Test(arguments: [
    (
      120,
      "job 12 reading [##############################] 41% 15160 of 36978 tokens 239 tokens/s 91 s to go"
    ),
    (79, "job 12 reading 41% 15160 of 36978 tokens 239 tokens/s 91 s to go"),
    (60, "job 12 reading 41% 15160 of 36978 tokens 91 s to go"),
    (40, "job 12 reading 41% 91 s to go"), (20, "job 12 reading 41%"), (10, "job 12 re…"),
  ])
  func progressFitsTheWidth(columns: Int, line: String) {
    #expect(ProgressLine.line(Self.parts, columns: columns) == line)
    #expect(line.count <= columns)
  }

  @Test func foreignTextWritesNoEscapes() {
    #expect(ForeignText.clean("a\u{1b}[31mred\nb\u{7}") == "a\u{FFFD}[31mred\u{FFFD}b\u{FFFD}")
    #expect(ForeignText.cleanLines("a\n\u{9b}b") == "a\n\u{FFFD}b")
    #expect(
      ForeignText.clean("a\u{202E}b") == "a\u{FFFD}b", "no words from right to left by a mark")
    #expect(ForeignText.clean("👩\u{200D}🚀") == "👩\u{200D}🚀", "joined pictures stay")
  }

  @Test(arguments: [
    ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("灯塔建于", 8, "灯塔建于"), ("灯塔建于", 6, "灯塔…"),
  ])
  func textIsCutAtTheWidth(text: String, columns: Int, fitted: String) {
    #expect(Terminal.fitted(text, columns: columns) == fitted)
  }

  @Test(arguments: [
    (["list", "--limit", "-3"], ["list", "--limit=-3"]),
    (["submit", "a", "--priority", "-1", "--wait"], ["submit", "a", "--priority=-1", "--wait"]),
    (["ask", "f", "-5 what?", "--json"], ["ask", "f", "--json", "--", "-5 what?"]),
    (
      ["submit", "f", "--question", "-5 what?", "--wait"],
      ["submit", "f", "--question=-5 what?", "--wait"]
    ),
    (["submit", "f", "--question", "--wait"], ["submit", "f", "--question", "--wait"]),
    (["ask", "f", "--", "-x y"], ["ask", "f", "--", "-x y"]), (["ask", "-h"], ["ask", "-h"]),
  ])
  func argumentsAreTakenAsPeopleWriteThem(given: [String], taken: [String]) {
    #expect(Arguments.readable(given) == taken)
  }

  @Test(arguments: [
    ("sumbit", "submit"), ("lst", "list"), ("canel", "cancel"), ("statsu", "status"), ("xyz", nil),
  ])
  func aNearNameIsMeant(word: String, name: String?) {
    let names = ["submit", "list", "cancel", "status", "ask", "up"]
    #expect(Arguments.nearest(to: word, of: names) == name)
  }

  @Test(arguments: [
    (["sumbit", "a.txt"], 2, "did you mean submit?"), (["model", "lst"], 2, "did you mean list?"),
    (["frobnicate"], 2, "no command 'frobnicate'"), (["--version"], 0, "0."),
    (["submit", "/no/such"], 1, "there is no file or directory"),
    (["ask", "a.txt", String(repeating: "why ", count: 3000)], 2, "the limit is 8000 bytes"),
  ])
  func commandsAreAnswered(arguments: [String], status: Int32, message: String) throws {
    let home = try TemporaryDirectory()
    let output = try TestSupport.Program(home: home.path).run("docproc", arguments)
    #expect(output.status == status)
    #expect((output.error + output.text).contains(message), "\(output.error)")
  }

  @Test func aLogThatIsNotThereIsNamed() throws {
    let home = try TemporaryDirectory()
    let output = try TestSupport.Program(home: home.path).run("docproc", ["logs"])
    #expect(output.status == 1 && output.error.contains("/workers/worker.log"))
    _ = try home.write("workers/worker.log", "one\ntwo \u{1b}[31m\n")
    let found = try TestSupport.Program(home: home.path).run("docproc", ["logs", "--lines", "1"])
    #expect(found.status == 0 && found.text == "two \u{FFFD}[31m\n")
  }

  @Test func systemErrorsAreSentences() throws {
    let output = try TestSupport.Program(home: "/proc/nothing/here").run("docproc", ["list"])
    #expect(output.status == 1 && output.error.hasPrefix("Error: cannot use /proc/nothing"))
    #expect(!output.error.contains("Domain"))
  }

  @Test(arguments: [
    (["status", "twelve", "--json"], Int32(2), "twelve"),
    (["submit", "/no/such", "--ndjson"], 1, "there is no file or directory /no/such"),
    (["sumbit", "a.txt", "--json"], 2, "did you mean submit?"),
    (["list", "--json", "--ndjson"], 2, "contradict each other"),
  ])
  func errorsAreJSONWhereThatWasAskedFor(
    arguments: [String], status: Int32, message: String
  ) throws {
    let home = try TemporaryDirectory()
    let output = try TestSupport.Program(home: home.path).run("docproc", arguments)
    #expect(output.status == status && output.text.isEmpty)
    let error = try JSONDecoder().decode([String: String].self, from: Data(output.error.utf8))
    #expect(error["error"]?.contains(message) == true, "\(output.error)")
    #expect(error["error"]?.hasPrefix("Error") == false)
  }

  @Test func aNameThatIsNoUTF8IsRead() throws {
    let directory = try TemporaryDirectory()
    let name = Array((directory.path + "/caf").utf8) + [0xE9] + Array(".txt".utf8) + [0]
    let path = name.map { CChar(bitPattern: $0) }
    let file = try #require(fopen(path, "w"))
    fputs("The lamp is green.", file)
    fclose(file)
    let readable = NamedPaths.readable(path)
    #expect(readable.hasSuffix("/caf\u{FFFD}.txt"))
    #expect(try String(contentsOfFile: readable, encoding: .utf8) == "The lamp is green.")
    #expect(NamedPaths.readable("caf\u{FFFD}.txt") == "caf\u{FFFD}.txt")
  }

  @Test func theAnswersWordsStandOut() {
    let quote = Quote(
      start: 10, end: 37, quote: "It was Mara Quist\nwho rowed", score: 1,
      marks: [.init(17..<27)])
    let bold = "\u{1b}[1mMara\u{1b}[0m \u{1b}[1mQuist\u{1b}[0m"
    #expect(
      QuoteText(quote, TextStyle(isStyled: true)).lines(columns: 80) == [
        "    It was \(bold) who rowed"
      ])
    #expect(QuoteText(quote).lines(columns: 80) == ["    It was Mara Quist who rowed"])
    #expect(
      QuoteText(quote, TextStyle(isStyled: true)).lines(columns: 24).map(\.count).max() ?? 0 > 24,
      "codes take no columns: the words stay on their line")
    #expect(QuoteText(quote).lines(columns: 24) == ["    It was Mara Quist", "    who rowed"])
  }

  @Test func aLongLogGivesWay() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("log", String(repeating: "0123456789abcde\n", count: 1 << 19))
    LogFile.rotate(path)
    #expect(!FileManager.default.fileExists(atPath: path + ".1"), "8 MiB are no more than may be")
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("last\n".utf8))
    LogFile.rotate(path)
    #expect(FileManager.default.contents(atPath: path)?.count == 0)
    #expect(FileManager.default.contents(atPath: path + ".1")?.suffix(5) == Data("last\n".utf8))
  }

  @Test func sizesAreToldWithTheirTime() {
    let document = Document(name: "a.txt", text: String(repeating: "word ", count: 80_000))
    #expect(
      DocumentSize(document, tokensPerSecond: 500).text
        == "a.txt: 1 file, 390 KiB, about 100,000 tokens, about 3 min to read")
    #expect(
      DocumentSize(document, tokensPerSecond: nil).text.hasSuffix(
        "tokens, the first reading tells how long"))
  }
}
