import ArgumentParser
import Foundation
import Host

struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove a registered model from this host.",
    discussion: "What it was added from stays, unless model pull fetched it.")

  @Argument(help: "The model's name.")
  var name: String

  func run() throws {
    guard ModelRegistration.isName(name) else {
      throw UserError("remove takes a model's name, and '\(name)' is none")
    }
    let folder = DataHome.models + "/" + name
    guard FileManager.default.fileExists(atPath: folder) else {
      throw UserError("there is no model \(name) on this host (looked in \(folder))")
    }
    let download = Self.download(of: folder)
    try FileManager.default.removeItem(atPath: folder)
    guard let download else {
      return print("\(name) is removed; what it was registered from is untouched")
    }
    try FileManager.default.removeItem(atPath: download)
    print("\(name) is removed, and its download in \(download)")
  }

  /// The download that a model's files lead to.
  private static func download(of folder: String) -> String? {
    let manager = FileManager.default
    for file in ["config.json", DataHome.ggufFile] {
      guard let path = try? manager.destinationOfSymbolicLink(atPath: folder + "/" + file),
        path.hasPrefix(DataHome.downloads + "/")
      else { continue }
      let name = path.dropFirst(DataHome.downloads.count + 1).prefix { $0 != "/" }
      return DataHome.downloads + "/" + name
    }

    return nil
  }
}
