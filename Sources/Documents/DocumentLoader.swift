import Foundation

/// Loads a path as a document.
package struct DocumentLoader: Sendable {
  /// An iconv name for files that are not UTF-8; nil detects it.
  package let encoding: String?

  package init(encoding: String? = nil) { self.encoding = encoding }

  /// - Throws: `DocumentError`, which says what is wrong with the path.
  package func load(_ path: String) throws -> Document {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw DocumentError.notFound(path: path)
    }
    return isDirectory.boolValue
      ? try Codebase(root: path, encoding: encoding).document() : try file(path)
  }

  private func file(_ path: String) throws -> Document {
    let bytes = try FileContents.read(path)
    if bytes.isEmpty { throw DocumentError.empty(path: path) }
    if let format = FileFormat.unsupported(path: path, content: bytes) {
      throw DocumentError.unsupportedFormat(path: path, format: format)
    }

    let text = try TextDecoder.decode(bytes, path: path, encoding: encoding)
    // Other encodings can grow on their way to UTF-8.
    if text.utf8.count > FileContents.maximumBytes {
      throw DocumentError.tooLarge(
        path: path, bytes: text.utf8.count, limit: FileContents.maximumBytes)
    }

    guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
      throw DocumentError.empty(path: path)
    }

    return Document(name: (path as NSString).lastPathComponent, text: text)
  }
}
