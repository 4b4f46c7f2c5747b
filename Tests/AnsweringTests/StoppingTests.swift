import Documents
import Foundation
import TestSupport
import Testing
import Tokenizer

@testable import Reading

/// Whoever waits for a stop does not wait for a whole document.
@Suite struct StoppingTests {
  @Test(arguments: ["a", "word and word. "])
  func makingTokensStopsInBetween(piece: String) throws {
    let folder = try TemporaryDirectory()
    try SmallVocabulary.json([]).write(to: URL(fileURLWithPath: folder.path + "/tokenizer.json"))
    let tokenizer = try TextTokenizer(folder: folder.path)
    let text = String(repeating: piece, count: 4_000_000 / piece.utf8.count)
    var control = ReadingControl()
    var asked = 0
    control.shouldStop = {
      asked += 1
      return asked > 3
    }
    #expect(throws: ReadingError.stopped) {
      try DocumentTokens(Document(name: "a.txt", text: text), tokenizer, control)
    }
    #expect(asked == 4, "once it is told to, it asks no more")
  }
}
