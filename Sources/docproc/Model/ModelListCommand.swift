import ArgumentParser
import Foundation
import Host
import Inference

struct ModelListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the models on this host.")

  private static let depth = 131_072

  @Flag(help: "Print JSON.")
  var json = false

  /// What a list tells of a model.
  private struct Entry: Encodable {
    let name: String
    let path: String
    var architecture: String?
    var parameters: Int?
    var bytes: Int?
    var precision: String?
    var context: Int?
    var stateBytes: Int?
    var error: String?

    enum CodingKeys: String, CodingKey {
      case name, path, architecture, parameters, bytes, precision, context, error
      case stateBytes = "state_bytes_at_131072_tokens"
    }
  }

  func run() throws {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: DataHome.models)) ?? [])
      .filter { !$0.hasPrefix(".") }.sorted()
    let entries = names.map(Self.entry)
    if json { return print(JSONText.line(entries)) }
    print(
      entries.isEmpty
        ? "no model is installed; run: docproc model install"
        : entries.map(Self.line).joined(separator: "\n"))
  }

  private static func entry(_ name: String) -> Entry {
    let folder = DataHome.modelFolder(name)
    var entry = Entry(name: name, path: folder)
    do {
      let model = try LanguageModel.load(folder: folder, threads: 1)
      entry.architecture = model.description.architecture
      entry.parameters = model.description.parameters
      entry.bytes = model.description.bytes
      entry.precision = try precision(of: folder)
      entry.context = model.description.context
      entry.stateBytes = model.stateBytes(at: depth)
    } catch {
      entry.error = "\(error)"
    }

    return entry
  }

  private static func precision(of folder: String) throws -> String {
    if folder.hasSuffix(".gguf") { return "gguf" }
    let configuration = try ModelConfiguration(folder: folder)
    let written = configuration.object("quantization_config")?.values["weights"]
    for value in [written, configuration.values["torch_dtype"], configuration.values["dtype"]] {
      if case .string(let name) = value { return name }
    }
    return "?"
  }

  private static func line(_ entry: Entry) -> String {
    if let error = entry.error { return "\(entry.name)  cannot be used: \(error)" }
    let context = entry.context.map { "context \($0)" } ?? "any length"
    let parts = [
      entry.architecture ?? "", "\((entry.parameters ?? 0) / 1_000_000)M", entry.precision ?? "",
      "\((entry.bytes ?? 0) >> 20) MiB", context,
      "\((entry.stateBytes ?? 0) >> 20) MiB of state at \(depth) tokens",
    ]
    return "\(entry.name)  " + parts.joined(separator: ", ")
  }
}
