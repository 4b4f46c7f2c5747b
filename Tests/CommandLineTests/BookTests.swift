import Foundation
import TestSupport
import Testing

/// Books as people have them, through the whole system.
@Suite struct BookTests {
  private static let cluster = Result { try TestCluster() }

  private struct Status: Decodable { let id: Int }

  private struct Answered: Decodable {
    struct Document: Decodable {
      struct Source: Decodable {
        let type: String
        let bytes: Int
      }
      let source: Source?
    }
    struct Quote: Decodable {
      let start: Int
      let end: Int
      let quote: String
      let chapter: String?
      let page: String?
    }
    let document: Document
    let evidence: [Quote]
  }

  @Test(arguments: [
    ("alice-columns.pdf", "application/pdf", true), ("alice3.epub", "application/epub+zip", false),
  ])
  func aQuoteHasItsPlace(name: String, type: String, hasPages: Bool) throws {
    let cluster = try Self.cluster.get()
    let submitted = try cluster.program.docproc(
      "submit", Repository.fixture("formats/" + name), "--task", "ask", "--question",
      "What did the White Rabbit drop?", "--model", RecallDocuments.folder, "--json")
    #expect(submitted.status == 0, "\(submitted.error)")
    let id = String(try submitted.json(Status.self).id)
    let worker = Program(home: cluster.directory.path, environment: ["DATABASE_URL": cluster.url])
    #expect(try worker.run("docproc-worker", ["--once", "--models", "/"]).status == 0)

    let result = try cluster.program.docproc("result", id, "--json").json(Answered.self)
    #expect(result.document.source?.type == type)
    let text = try cluster.program.docproc("result", id, "--text").text
    let scalars = Array(text.unicodeScalars)
    let quote = try #require(result.evidence.first { $0.quote.contains("gloves") })
    let words = String(String.UnicodeScalarView(scalars[quote.start..<quote.end]))
    #expect(words == quote.quote)
    #expect(quote.chapter == "Chapter 2 - The Pool of Tears")
    #expect((quote.page != nil) == hasPages)
    let shown = try cluster.program.docproc("result", id).text
    #expect(shown.contains("Chapter 2 - The Pool of Tears" + (hasPages ? ", p. " : "")))
  }

  @Test func whatCannotBeReadIsSaid() throws {
    let directory = try TemporaryDirectory()
    let program = Program(home: directory.path + "/home")
    let locked = Repository.fixture("formats/locked.pdf")
    let word = try directory.write("word", "tiger\n")
    for (arguments, status, says) in [
      (["submit", locked], 1, "--password-file"),
      (["submit", locked, "--password-file", word], 1, "does not open it"),
      (["submit", locked, "--password-file", directory.path], 1, "password"),
      (["submit", locked, "--limit", "pages=3"], 2, "--limit pages=3"),
      (["submit", locked, "--limit", "bytes=-1"], 2, "--limit bytes=-1"),
      (["submit", directory.path + "@main"], 1, "no revision main"),
      (["submit", locked, "--revision", "main"], 1, "only a directory of a git repository"),
      (["submit", "-", "--revision", "main"], 1, "only a directory of a git repository"),
    ] as [([String], Int32, String)] {
      let output = try program.run("docproc", arguments)
      #expect(output.status == status && output.error.contains(says), "\(output.error)")
    }
  }
}
