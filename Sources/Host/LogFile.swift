import Foundation

/// A file that background programs append to.
package enum LogFile {
  private static let most = 8 << 20

  /// Moves what a file holds to `PATH.1` when it has grown long. Programs that append to it go on
  /// doing so: the file itself stays, empty.
  package static func rotate(_ path: String) {
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    guard let size, size > most else { return }
    try? FileManager.default.removeItem(atPath: path + ".1")
    guard (try? FileManager.default.copyItem(atPath: path, toPath: path + ".1")) != nil else {
      return
    }
    truncate(path, 0)
  }
}
