import Foundation
import Jobs
import Programs
import TestSupport
import Testing

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
    #expect(Terminal.clean("a\u{1b}[31mred\nb\u{7}") == "a\u{FFFD}[31mred\u{FFFD}b\u{FFFD}")
    #expect(Terminal.cleanLines("a\n\u{9b}b") == "a\n\u{FFFD}b")
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
}
