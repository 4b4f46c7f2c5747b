import ArgumentParser
import Foundation
import Host
import Reading
import Tokenizer

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Print the token ids of a UTF-8 text file, as a document's text is tokenized.")

  @Argument(help: "The model's name or folder.")
  var model: String

  @Argument(help: "A UTF-8 text file.")
  var file: String

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Print only the number of tokens and the speed.")
  var count = false

  func run() throws {
    let tokenizer = try ModelTokenizer.open(DataHome.modelFolder(model))
    guard let data = FileManager.default.contents(atPath: file) else {
      throw UserError("cannot read \(file)")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw UserError("\(file) is not valid UTF-8")
    }
    let start = ContinuousClock.now
    let ids = tokenizer.encode(text)
    if let failure = tokenizer.failure { throw failure }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if count {
      print(
        JSONText.line([
          "tokens": Double(ids.count), "seconds": seconds,
          "megabytes_per_second": Double(data.count) / 1e6 / seconds,
        ]))
    } else {
      print(json ? JSONText.line(ids) : ids.map(String.init).joined(separator: "\n"))
    }
  }
}
