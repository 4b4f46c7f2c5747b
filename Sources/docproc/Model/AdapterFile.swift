import Foundation

/// The file with what training learned of the default model.
enum AdapterFile {
  static let name = DefaultModel.name + "-adapter.safetensors"

  /// Looks in models/ of the checkout that the program was built in, and in
  /// PREFIX/share/docproc/models.
  /// - Throws: `UserError` when it is nowhere.
  static func find() throws -> String {
    let program =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    let candidates = ancestors(of: program).flatMap {
      ["\($0)/models/\(name)", "\($0)/share/docproc/models/\(name)"]
    }
    if let found = candidates.first(where: FileManager.default.fileExists) { return found }
    throw UserError(
      "what training learned, \(name), lies neither in models/ above \(program) nor in "
        + "share/docproc/models beside its folder;\n"
        + "name it with --adapter FILE (it is in the repository's models/), or install the model "
        + "without it: --variant untrained"
    )
  }

  /// The folders that a file lies in, innermost first.
  private static func ancestors(of path: String) -> [String] {
    var folders: [String] = []
    var folder = (path as NSString).deletingLastPathComponent
    while folder.count > 1, folders.count < 8 {
      folders.append(folder)
      folder = (folder as NSString).deletingLastPathComponent
    }

    return folders
  }
}
