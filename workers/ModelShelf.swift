import Digests
import Foundation
import Host
import Reading
import Results

/// The models on this host; the one used last stays loaded.
final class ModelShelf {
  struct Unavailable: Error, CustomStringConvertible {
    let description: String
  }

  private let only: String?
  private let threads: Int
  private var loaded: (name: String, reader: ModelReader, info: ResultRecord.ModelInfo)?

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
  func reader(for name: String) throws -> (reader: ModelReader, info: ResultRecord.ModelInfo) {
    if let loaded, loaded.name == name { return (loaded.reader, loaded.info) }

    loaded = nil  // two models at once may not fit in memory
    let folder = DataHome.modelFolder(name)
    guard FileManager.default.fileExists(atPath: folder) else {
      throw Unavailable(
        description:
          "this host has no model \(name) (looked in \(folder)); install it, or run a worker "
          + "where it is"
      )
    }
    let reader = try ModelReader(folder: folder, threads: threads)
    let info = ResultRecord.ModelInfo(name: name, sha256: try Self.digest(folder))
    loaded = (name, reader, info)

    return (reader, info)
  }

  /// Of all files that determine what the model computes, in the order of their names.
  private static func digest(_ folder: String) throws -> String {
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".safetensors") || ["config.json", "tokenizer.json"].contains($0) }
    return try SHA256.hex(ofFiles: files.sorted().map { folder + "/" + $0 })
  }
}
