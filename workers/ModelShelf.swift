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
  /// Folders below which a job may name a model by its path.
  private let below: [String]
  private let threads: Int
  private var loaded: (model: Loaded, stamp: [Stamp])?

  /// - Parameter folders: below which a job may name a model by its path.
  init(only: String?, below folders: [String], threads: Int) {
    self.only = only.map(DataHome.modelName)
    below = folders.map { Self.resolved($0) }
    self.threads = threads
  }

  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: DataHome.absolute(path)).resolvingSymlinksInPath().standardized.path
  }

  /// Whether a job may name this model. Links lead where they lead: what counts is the target.
  private func isAllowed(_ name: String) -> Bool {
    guard name.contains("/"), name != only else { return !name.hasPrefix(".") }
    let path = Self.resolved(name)
    return below.contains { $0 == "/" || path == $0 || path.hasPrefix($0 + "/") }
  }

  /// Names of the models that jobs may be claimed for.
  var names: [String] {
    if let only { return [only] }
    return ((try? FileManager.default.contentsOfDirectory(atPath: DataHome.models)) ?? []).filter {
      !$0.hasPrefix(".")
    }.sorted()
  }

  /// True when a model that a job names by its folder is tried, if this host has that folder.
  var takesPaths: Bool { only == nil && !below.isEmpty }

  /// - Throws: `Unavailable` when this host lacks the model; what loading it throws.
  func model(named name: String) throws -> Loaded {
    let folder = DataHome.modelFolder(name)
    if let loaded, loaded.model.info.name == name, loaded.stamp == Self.stamp(folder) {
      return loaded.model
    }

    loaded = nil  // two models at once may not fit in memory
    // The same words whether it is missing or not allowed: paths are nobody's to find out.
    guard isAllowed(name), FileManager.default.fileExists(atPath: folder) else {
      let place = name.contains("/") ? "below the folders of its --models" : "in its data directory"
      throw Unavailable(
        description: "this worker has no model \(name) \(place); install it, or run a worker "
          + "where it is")
    }
    let stamp = Self.stamp(folder)
    let model = Loaded(
      answerer: try Answerer(folder: folder, threads: threads),
      info: ResultRecord.ModelInfo(name: name, sha256: try Self.digest(folder)))
    loaded = (model, stamp)

    return model
  }

  /// How a file looks from outside.
  private struct Stamp: Equatable {
    let path: String
    let bytes: Int?
    let changed: Date?
  }

  /// Of what a model's answers depend on: an edited prompt or another adapter is loaded anew.
  private static func stamp(_ folder: String) -> [Stamp] {
    let measured = DataHome.file(MeasuredRoute.file, ofModel: folder)
    return (((try? files(folder)) ?? []) + [measured]).map { path in
      let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      let attributes = try? FileManager.default.attributesOfItem(atPath: target)
      return Stamp(
        path: path, bytes: (attributes?[.size] as? NSNumber)?.intValue,
        changed: attributes?[.modificationDate] as? Date)
    }
  }

  /// Of all files that determine what the model computes, in the order of their names.
  private static func digest(_ folder: String) throws -> String {
    try SHA256.hex(ofFiles: files(folder))
  }

  private static func files(_ folder: String) throws -> [String] {
    let prompt = DataHome.file(ModelPrompt.file, ofModel: folder)
    let beside = FileManager.default.fileExists(atPath: prompt) ? [prompt] : []
    if folder.hasSuffix(".gguf") { return [folder] + beside }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".safetensors") || ["config.json", "tokenizer.json"].contains($0) }
    return names.sorted().map { folder + "/" + $0 } + beside
  }
}
