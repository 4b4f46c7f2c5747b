import ArgumentParser
import Foundation
import Host
import ModelTools

struct PullCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Download a published model, and register it as add does.",
    discussion: """
      The hf client (pip install huggingface_hub) fetches it, from HF_ENDPOINT if that is set. What
      broke off goes on when the same command is given again.
      """)

  @Argument(help: "OWNER/NAME of the model.")
  var repository: String

  @Argument(help: "One GGUF file of it; by default its safetensors and settings.")
  var file: String?

  @Option(help: "A branch, tag or commit.")
  var revision: String?

  @Option(help: "The name; by default the model's.")
  var name: String?

  @Option(name: .customLong("to"), help: "bf16, int8 or int4: written anew in this precision.")
  var precision: ModelQuantization.Precision?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    let parts = repository.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ ModelRegistration.isName(String($0)) }) else {
      throw ValidationError("'\(repository)' is not OWNER/NAME, as in Qwen/Qwen3-4B")
    }
    if let file, !file.hasSuffix(".gguf") || file.hasPrefix("-") || file.contains("..") {
      throw ValidationError("'\(file)' is no GGUF file's name")
    }
    if let revision, revision.hasPrefix("-") {
      throw ValidationError("'\(revision)' cannot be a revision")
    }
    if file != nil, precision != nil {
      throw ValidationError("a GGUF file is used as it is: leave --to out")
    }
  }

  func run() throws {
    let folder = DataHome.downloads + "/" + repository.replacingOccurrences(of: "/", with: "--")
    let source = file.map { folder + "/" + $0 } ?? folder
    let wanted = name ?? ModelRegistration.name(of: file ?? repository)
    try ModelRegistration.checkFree(wanted)
    try download(to: folder)
    try ModelRegistration(source: source, name: wanted).run(precision, json: json)
    if precision != nil {
      FileHandle.standardError.write(
        Data("docproc: the download stays in \(folder); it is not needed any more\n".utf8))
    }
  }

  private static let files = ["*.json", "*.safetensors", "*.jinja"]

  private func download(to folder: String) throws {
    guard let client = Command.find("hf") else {
      throw UserError(
        "model pull needs the hf client, which is not in PATH: pip install huggingface_hub")
    }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var arguments = ["download", repository, "--local-dir", folder]
    if let file {
      arguments.insert(file, at: 2)
    } else {
      arguments += Self.files.flatMap { ["--include", $0] }
    }
    arguments += revision.map { ["--revision", $0] } ?? []
    let status = try ChildProcess.run(
      client, arguments, environment: ["HF_HUB_DISABLE_UPDATE_CHECK": "1"], .messagesOnly)
    guard status == 0 else {
      throw UserError(
        "the hf client ended with status \(status); what came stays in \(folder): "
          + "give the command again to go on")
    }
  }
}
