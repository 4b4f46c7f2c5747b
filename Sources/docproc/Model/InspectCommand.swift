import ArgumentParser
import Foundation
import Host
import Inference

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Print what a model folder is: architecture, each layer's mixer, size.")

  @Argument(help: "The model's name or folder.")
  var directory: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let description = try LanguageModel.load(folder: DataHome.modelFolder(directory)).description
    if json { return print(JSONText.pretty(description)) }
    print(
      """
      architecture  \(description.architecture)
      layers        \(description.layers.count): \(Self.summary(description.layers))
      hidden size   \(description.hiddenSize)
      vocabulary    \(description.vocabularySize)
      parameters    \(description.parameters)
      on disk       \(description.bytes >> 20) MiB
      """)
    for (index, mixer) in description.layers.enumerated() { print("  layer \(index)  \(mixer)") }
  }

  private static func summary(_ layers: [String]) -> String {
    let counts = Dictionary(grouping: layers, by: { $0 }).mapValues(\.count)
    return counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
  }
}

struct ModelListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List the models on this host.")

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: DataHome.models)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    if json { return print(JSONText.line(names.map { ["name": $0, "path": DataHome.modelFolder($0)] })) }
    print(names.isEmpty ? "no model is installed; run: docproc model install" : names.joined(separator: "\n"))
  }
}
