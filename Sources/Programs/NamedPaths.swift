import Foundation

/// Paths whose names are not UTF-8, as Linux allows them and Swift's strings do not.
enum NamedPaths {
  /// The program's arguments. One that is no UTF-8 and names a file is replaced by the path of a
  /// link to it, whose name shows what can be shown of it; links go when the program ends.
  static func arguments() -> [String] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { index in
      CommandLine.unsafeArgv[index].map { readable($0) }
    }
  }

  static func readable(_ argument: UnsafePointer<CChar>) -> String {
    String(validatingCString: argument) ?? link(to: argument) ?? String(cString: argument)
  }

  nonisolated(unsafe) private static var folders: [String] = []

  private static func link(to path: UnsafePointer<CChar>) -> String? {
    guard let target = realpath(path, nil) else { return nil }
    defer { free(target) }
    let folder = FileManager.default.temporaryDirectory.path + "/docproc-\(UUID().uuidString)"
    let shown = String(cString: path).split(separator: "/").last.map(String.init) ?? "unnamed"
    let link = folder + "/" + shown
    guard mkdir(folder, 0o700) == 0 else { return nil }
    if folders.isEmpty { atexit { NamedPaths.removeLinks() } }
    folders.append(folder)
    return symlink(target, link) == 0 ? link : nil
  }

  private static func removeLinks() {
    for folder in folders { try? FileManager.default.removeItem(atPath: folder) }
  }
}
