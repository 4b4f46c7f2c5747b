import ArgumentParser
import Foundation
import Host
import Inference

struct LogitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits",
    abstract: "Print a model's logits for given token ids, for parity checks.",
    discussion:
      "Prints one JSON object {\"position\": p, \"logits\": [...]} for the last position, or a "
      + "line each with --all. Keys and values are kept in fp32 here, to compare with other "
      + "programs; documents are read with fp16 ones."
  )

  @Argument(help: "The model folder.")
  var directory: String

  @Option(help: "Token ids, separated by commas.")
  var ids: String

  @Flag(help: "Print the logits of every position.")
  var all = false

  @Flag(help: "Print JSON (the only form; accepted for uniformity).")
  var json = false

  @OptionGroup var computing: ThreadOptions

  func run() throws {
    let tokens = try parsedIDs()
    let model = try LanguageModel.load(
      folder: DataHome.modelFolder(directory), threads: computing.threads)
    try model.forEachLogits(of: tokens, state: model.makeState(.float32), lastOnly: !all) {
      index, logits in
      print(Self.line(position: index, logits: logits))
    }
  }

  private func parsedIDs() throws -> [Int32] {
    try ids.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let id = Int32(part.trimmingCharacters(in: .whitespaces)) else {
        throw ValidationError(
          "--ids holds '\(part)', which is not a token id; expected numbers such as 1,2,3")
      }
      return id
    }
  }

  private static func line(position: Int, logits: [Float]) -> String {
    let numbers = logits.map { $0.isFinite ? "\($0)" : "null" }.joined(separator: ", ")
    return "{\"position\": \(position), \"logits\": [\(numbers)]}"
  }
}
