import Foundation

/// Reads a path into a document.
public struct DocumentReader: Sendable {
  /// Postgres holds up to 1 GB in a value; this leaves room for its overhead.
  public static let maximumBytes = 512 << 20

  /// An iconv name for files that are not UTF-8; nil detects it.
  public let encoding: String?

  public init(encoding: String? = nil) { self.encoding = encoding }

  /// - Throws: `DocumentError`, which says what is wrong with the path.
  public func read(_ path: String) throws -> Document {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw DocumentError.notFound(path: path)
    }
    return isDirectory.boolValue
      ? try Codebase(root: path, encoding: encoding).document() : try file(path)
  }

  private func file(_ path: String) throws -> Document {
    let bytes = try Self.contents(path)
    if bytes.isEmpty { throw DocumentError.empty(path: path) }
    if let format = FileFormat.unsupported(path: path, content: bytes) {
      throw DocumentError.unsupportedFormat(path: path, format: format)
    }

    let text = try TextDecoder.decode(bytes, path: path, encoding: encoding)
    // Other encodings can grow on their way to UTF-8.
    if text.utf8.count > Self.maximumBytes {
      throw DocumentError.tooLarge(path: path, bytes: text.utf8.count, limit: Self.maximumBytes)
    }

    guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
      throw DocumentError.empty(path: path)
    }

    return Document(name: (path as NSString).lastPathComponent, text: text)
  }

  static func contents(_ path: String) throws -> [UInt8] {
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
