import Foundation
import TestSupport
import Testing

/// Wrong usage exits with 2, failures with 1; both say what is wrong, and leave nothing.
@Suite struct BadInputTests {
  private let directory: TemporaryDirectory
  private let program: Program

  init() throws {
    directory = try TemporaryDirectory()
    program = Program(home: directory.path + "/home")
  }

  static let cases: [(arguments: [String], status: Int32, message: String)] = [
    (["submit", "/no/such/book.txt"], 1, "no file or directory"),
    (["submit", "BOOK", "--task", "ask"], 2, "needs a question"),
    (["submit", "BOOK", "--task", "ask", "--question", "  "], 2, "needs a question"),
    (["submit", "BOOK", "--task", "translate"], 2, "translate"),
    (["submit", "BOOK", "--question", " "], 2, "empty"),
    (["submit", "BOOK", "--key", "k", "--again"], 2, "contradict"),
    (["submit", "BOOK", "--deadline", "0"], 2, "--deadline"),
    (["submit", "BOOK", "--max-answer-tokens", "5"], 2, "for answers"),
    (["model", "read", "BOOK", "--max-answer-tokens", "5"], 2, "for answers"),
    (["model", "read", "BOOK", "--from", "passages", "--empty-state", "all"], 2, "no reading"),
    (["submit", "BOOK", "--max-answer-tokens", "0"], 2, "within 1...4096"),
    (["model", "read", "BOOK", "--max-answer-tokens", "0"], 2, "within 1...4096"),
    (["submit", "BOOK", "--from", "passages", "--focused"], 2, "no reading"),
    (["submit"], 2, "path"),
    (["ask", "BOOK", ""], 2, "empty"),
    (
      ["submit", "BOOK", "--database", "postgresql://127.0.0.1:1/x"], 1, "cannot reach the database"
    ),
    (["status", "twelve"], 2, "twelve"),
    (["list", "--limit", "0"], 2, "--limit"),
    (["result", "1", "--quotes", "-3"], 2, "--quotes"),
    (["model", "bench", "--threads", "-5"], 2, "0...1024"),
    (["model", "logits", "/no/such/folder", "--ids", "1"], 1, "/no/such/folder"),
    (["model", "logits", "FOLDER", "--ids", "1,x"], 2, "'x'"),
    (["model", "logits", "FOLDER", "--ids", "1,9999"], 1, "9999"),
    (["model", "generate", "FOLDER", "--prompt", "x", "--max-tokens", "0"], 2, "--max-tokens"),
    (["model", "install", "--from", "BOOK"], 1, "neither"),
    (["model", "install", "--from", "/no/such.whl"], 1, "no file"),
  ]

  @Test(arguments: cases)
  func isRefused(arguments: [String], status: Int32, message: String) throws {
    let arguments = arguments.map {
      $0 == "BOOK" ? Repository.book : $0 == "FOLDER" ? Repository.fixture("models/llama-gqa") : $0
    }
    let output = try program.run("docproc", arguments)
    #expect(output.status == status, "\(output.error)")
    #expect(output.error.contains(message), "\(output.error)")
    #expect(output.text.isEmpty)
    #expect(
      !FileManager.default.fileExists(atPath: directory.path + "/home/postgres"),
      "no server is started for it")
  }

  @Test func aWorkerWithoutADatabaseSaysSo() throws {
    let output = try program.run("docproc-worker", ["--once"])
    #expect(output.status == 2)
    #expect(output.error.contains("DATABASE_URL"))
    let hasty = try program.run("docproc-worker", ["--once", "--checkpoint-seconds", "0"])
    #expect(hasty.status == 2 && hasty.error.contains("--checkpoint-seconds"))
  }

  @Test func completionScriptsAreGenerated() throws {
    let output = try program.docproc("--generate-completion-script", "bash")
    #expect(output.status == 0)
    #expect(output.text.contains("docproc"))
  }
}
