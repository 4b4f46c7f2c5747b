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
    let shelf = ModelShelf(only: nil, below: ["/"], threads: 1)
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

  @Test func jobsNameModelsOnlyBelowTheFoldersThatTheyMay() throws {
    let folder = try TemporaryDirectory()
    var model = RandomModel()
    model.vocabulary = 1600
    let allowed = folder.path + "/models/tiny"
    try FileManager.default.createDirectory(atPath: allowed, withIntermediateDirectories: true)
    try model.write(to: allowed)
    try SmallVocabulary.json([]).write(to: URL(fileURLWithPath: allowed + "/tokenizer.json"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/models/out", withDestinationPath: "/etc")
    let shelf = ModelShelf(only: nil, below: [folder.path + "/models"], threads: 1)
    #expect(shelf.takesPaths)
    _ = try shelf.model(named: allowed)
    for name in [
      "/etc", folder.path + "/models/out", folder.path + "/models/../../etc", "/nowhere/x",
    ] {
      #expect(throws: ModelShelf.Unavailable.self, "\(name)") { try shelf.model(named: name) }
    }
    #expect(!ModelShelf(only: nil, below: [], threads: 1).takesPaths)
  }
}
