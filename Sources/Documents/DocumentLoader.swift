import Foundation

/// Loads a path as a document.
package struct DocumentLoader: Sendable {
  /// An iconv name for files that are not UTF-8; nil detects it.
  package let encoding: String?
  /// Which files of a directory are read.
  package let choice: FileChoice

  package init(encoding: String? = nil, choice: FileChoice = FileChoice()) {
    self.encoding = encoding
    self.choice = choice
  }

  /// - Throws: `DocumentError`, which says what is wrong with the path.
  package func load(_ path: String) throws -> Document {
    if ["-", "/dev/stdin", "/dev/fd/0"].contains(path) {
      return try document(try FileContents.readStandardInput(), path, name: "standard input")
    }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw DocumentError.notFound(path: path)
    }
    return isDirectory.boolValue
      ? try Codebase(root: path, encoding: encoding, choice: choice).document()
      : try document(
        try FileContents.read(path), path, name: (path as NSString).lastPathComponent)
  }

  /// Several files as one text, each after its path, in the order given.
  /// - Throws: `DocumentError`
  package func load(together paths: [String]) throws -> Document {
    var joined = JoinedText()
    var notes: [String] = []
    for path in paths {
      let document = try load(path)
      let parts = document.parts.count > 1 || document.isDirectory ? document.parts : []
      notes += document.notes
      guard parts.isEmpty else {
        let scalars = Array(document.text.unicodeScalars)
        for part in parts {
          let text = String(
            String.UnicodeScalarView(scalars[part.start..<part.start + part.length]))
          try joined.append(text, path: path + "/" + part.path, of: path)
        }
        continue
      }
      try joined.append(document.text, path: path, of: path)
    }
    let name = "\((paths[0] as NSString).lastPathComponent) and \(paths.count - 1) more"
    return Document(name: name, text: joined.text, parts: joined.parts, notes: notes)
  }

  private func document(_ bytes: [UInt8], _ path: String, name: String) throws -> Document {
    if bytes.isEmpty { throw DocumentError.empty(path: path) }
    if let format = FileFormat.unsupported(path: path, content: bytes) {
      throw DocumentError.unsupportedFormat(path: path, format: format)
    }

    let decoded = try TextDecoder.decode(bytes, path: path, encoding: encoding)
    let text = decoded.text
    // Other encodings can grow on their way to UTF-8.
    if text.utf8.count > FileContents.maximumBytes {
      throw DocumentError.tooLarge(
        path: path, bytes: text.utf8.count, limit: FileContents.maximumBytes)
    }

    guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
      throw DocumentError.empty(path: path)
    }

    return Document(name: name, text: text, notes: decoded.doubt.map { ["\(name): \($0)"] } ?? [])
  }
}
