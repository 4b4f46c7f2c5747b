import Foundation

/// The bytes of files that documents are made of.
enum FileContents {
  /// Postgres holds up to 1 GB in a value; this leaves room for its overhead.
  static let maximumBytes = 512 << 20

  /// - Throws: `DocumentError.unreadable` for anything but a regular file; `.tooLarge`.
  static func read(_ path: String) throws -> [UInt8] {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: (path as NSString).resolvingSymlinksInPath)
    guard attributes?[.type] as? FileAttributeType == .typeRegular else {
      throw DocumentError.unreadable(path: path, reason: "it is not a regular file")
    }
    if let size = attributes?[.size] as? Int, size > maximumBytes {
      throw DocumentError.tooLarge(path: path, bytes: size, limit: maximumBytes)
    }

    do {
      return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw DocumentError.unreadable(path: path, reason: error.localizedDescription)
    }
  }
}
