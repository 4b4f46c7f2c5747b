import Answering
import Foundation
import Results
import TestSupport
import Testing

@testable import docproc_worker

/// The model that was used last stays loaded while its files are the same.
@Suite struct ModelShelfTests {
  @Test func anEditedPromptIsLoadedAnew() throws {
    let folder = try TemporaryDirectory()
    var model = RandomModel()
    model.vocabulary = 1600
    try model.write(to: folder.path)
    try SmallVocabulary.json(["<|end|>"])
      .write(to: URL(fileURLWithPath: folder.path + "/tokenizer.json"))
    let shelf = ModelShelf(only: nil, threads: 1)
    let first = try shelf.model(named: folder.path)
    #expect(try shelf.model(named: folder.path).answerer === first.answerer)

    let prompt = """
      {"format": 1, "source": "test", "has_system_turn": true, "stop": ["<|end|>"],
       "turns": {"before_system": [], "before_user": [{"token": "<|end|>"}], "before_answer": []}}
      """
    _ = try folder.write("prompt.json", prompt)
    let second = try shelf.model(named: folder.path)
    #expect(second.answerer !== first.answerer && second.info.sha256 != first.info.sha256)

    _ = try folder.write("prompt.json", "nonsense")
    #expect(throws: PromptError.self) { try shelf.model(named: folder.path) }
  }
}
