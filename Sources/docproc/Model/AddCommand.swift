import Answering
import ArgumentParser
import Foundation
import Host
import Inference
import ModelTools

struct AddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Register a published model under a name, and learn how it is spoken to.",
    discussion: """
      The model's chat template is taken apart into prompt.json: edit it, or see it with inspect.
      Without --to the files stay where they are, and the name leads to them.
      """)

  @Argument(help: "A model's folder, or a GGUF file.", completion: .file())
  var path: String

  @Option(help: "The name; by default the folder's or file's.")
  var name: String?

  @Option(name: .customLong("to"), help: "bf16, int8 or int4: written anew in this precision.")
  var precision: ModelQuantization.Precision?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let source = URL(fileURLWithPath: DataHome.absolute(path)).standardized.path
    let registration = try ModelRegistration(
      source: source, name: name ?? ModelRegistration.name(of: source))
    try registration.run(precision, json: json)
  }
}

/// Puts a published model among this host's.
struct ModelRegistration {
  let source: String
  let name: String
  var folder: String { DataHome.models + "/" + name }

  /// - Throws: `UserError` for what is no model, and for a name that cannot be used.
  init(source: String, name: String) throws {
    guard Self.isName(name) else {
      throw UserError(
        "'\(name)' cannot be a model's name: letters, digits, and . _ - between them; give --name")
    }
    let manager = FileManager.default
    let isModel =
      source.hasSuffix(".gguf")
      ? manager.fileExists(atPath: source) : manager.fileExists(atPath: source + "/config.json")
    guard isModel else {
      throw UserError("\(source) is neither a model's folder with a config.json nor a GGUF file")
    }
    self.source = source
    self.name = name
  }

  /// Adds it, and tells the user of it.
  func run(_ precision: ModelQuantization.Precision?, json: Bool) throws {
    let (prompt, note) = try add(precision, note: Self.tell)
    if let note { Self.tell(note) }
    if json {
      return print(JSONText.line(["name": name, "path": folder, "prompt": prompt.source]))
    }
    print("\(name) is registered; its prompt is from: \(prompt.source)")
  }

  private static func tell(_ text: String) {
    FileHandle.standardError.write(Data("docproc: \(text)\n".utf8))
  }

  static func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, text.utf8.count <= 100 else { return false }
    let letters = CharacterSet(
      charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    let others = CharacterSet(charactersIn: "._-")
    return letters.contains(first)
      && text.unicodeScalars.allSatisfy { letters.contains($0) || others.contains($0) }
  }

  /// - Throws: `UserError` where this host has a model of that name.
  static func checkFree(_ name: String) throws {
    guard isName(name) else {
      throw UserError(
        "'\(name)' cannot be a model's name: letters, digits, and . _ - between them; give --name")
    }
    guard !FileManager.default.fileExists(atPath: DataHome.models + "/" + name) else {
      throw UserError("there is a model \(name) already: give another --name, or remove it first")
    }
  }

  /// The last part of a path, without `.gguf`.
  static func name(of source: String) -> String {
    let last = (source as NSString).lastPathComponent
    return last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
  }

  /// Writes the model's folder; it appears complete or not at all.
  /// - Parameter note: told of the tensors that are written.
  func add(_ precision: ModelQuantization.Precision?, note: (String) -> Void) throws -> (
    prompt: ModelPrompt, note: String?
  ) {
    let manager = FileManager.default
    try Self.checkFree(name)
    // What cannot be run is not registered.
    let architecture = try LanguageModel.load(folder: source).description.architecture
    let made = try PromptSource(folder: source, architecture: architecture).prompt()
    try manager.createDirectory(atPath: DataHome.models, withIntermediateDirectories: true)
    let work = DataHome.models + "/.\(name).partial-\(ProcessInfo.processInfo.processIdentifier)"
    defer { try? manager.removeItem(atPath: work) }
    if let precision {
      guard !source.hasSuffix(".gguf") else {
        throw UserError("a GGUF file is used as it is: leave --to out")
      }
      note("writing \(precision.rawValue) weights to \(folder)")
      try ModelQuantization(precision).convert(source, to: work)
    } else {
      try link(to: work)
    }
    try made.prompt.write(to: work)
    try manager.moveItem(atPath: work, toPath: folder)

    return made
  }

  private func link(to work: String) throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: work, withIntermediateDirectories: true)
    if source.hasSuffix(".gguf") {
      return try manager.createSymbolicLink(
        atPath: work + "/" + DataHome.ggufFile, withDestinationPath: source)
    }
    for file in try manager.contentsOfDirectory(atPath: source) where file != ModelPrompt.file {
      try manager.createSymbolicLink(
        atPath: work + "/" + file, withDestinationPath: source + "/" + file)
    }
  }
}
