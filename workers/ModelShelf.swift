import Digests
import Foundation
import Host
import Answering
import Results

/// The models on this host; the one used last stays loaded.
final class ModelShelf {
  struct Unavailable: Error, CustomStringConvertible {
    let description: String
  }

  /// A model that is ready to answer.
  struct Loaded {
    let answerer: Answerer
    let info: ResultRecord.ModelInfo
  }

  private let only: String?
  private let threads: Int
  private var loaded: Loaded?

  init(only: String?, threads: Int) {
    self.only = only.map(DataHome.modelName)
    self.threads = threads
  }

  /// Names of the models that jobs may be claimed for.
  var names: [String] {
    if let only { return [only] }
    return ((try? FileManager.default.contentsOfDirectory(atPath: DataHome.models)) ?? []).filter {
      !$0.hasPrefix(".")
    }.sorted()
  }

  /// True when a model that a job names by its folder is tried, if this host has that folder.
  var takesPaths: Bool { only == nil }

  /// - Throws: `Unavailable` when this host lacks the model; what loading it throws.
  func model(named name: String) throws -> Loaded {
    if let loaded, loaded.info.name == name { return loaded }

    loaded = nil  // two models at once may not fit in memory
    let folder = DataHome.modelFolder(name)
    guard FileManager.default.fileExists(atPath: folder) else {
      throw Unavailable(
        description:
          "this host has no model \(name) (looked in \(folder)); install it, or run a worker "
          + "where it is"
      )
    }
    let model = Loaded(
      answerer: try Answerer(folder: folder, threads: threads),
      info: ResultRecord.ModelInfo(name: name, sha256: try Self.digest(folder)))
    loaded = model

    return model
  }

  /// Of all files that determine what the model computes, in the order of their names.
  private static func digest(_ folder: String) throws -> String {
    let prompt = DataHome.file(ModelPrompt.file, ofModel: folder)
    let beside = FileManager.default.fileExists(atPath: prompt) ? [prompt] : []
    if folder.hasSuffix(".gguf") { return try SHA256.hex(ofFiles: [folder] + beside) }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".safetensors") || ["config.json", "tokenizer.json"].contains($0) }
    return try SHA256.hex(ofFiles: files.sorted().map { folder + "/" + $0 } + beside)
  }
}
