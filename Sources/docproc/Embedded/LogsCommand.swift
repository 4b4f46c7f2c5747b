import ArgumentParser
import Foundation
import Host
import Rendering

struct LogsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print what this host's workers wrote last.",
    discussion: "Their log is a file; its path stands on standard error.")

  @Option(help: "Lines to print, at most.")
  var lines = 50

  func validate() throws {
    guard lines > 0 else { throw ValidationError("--lines must be positive") }
  }

  func run() throws {
    let path = LocalWorkers.log
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UserError("there is no log at \(path): docproc up starts a worker, which writes it")
    }
    FileHandle.standardError.write(Data("docproc: \(path)\n".utf8))
    let text = String(decoding: data, as: UTF8.self).split(separator: "\n")
    for line in text.suffix(lines) { print(ForeignText.clean(String(line))) }
  }
}
