import Foundation

/// Loads a path as a document.
package struct DocumentLoader: Sendable {
  /// An iconv name for files that are not UTF-8; nil detects it.
  package let encoding: String?
  /// Which files of a directory are read.
  package let choice: FileChoice
  /// Takes the text out of files in foreign formats.
  package let extractor: Extractor
  /// Of a git repository; nil reads the files as they are.
  package let revision: String?

  package init(
    encoding: String? = nil, choice: FileChoice = FileChoice(),
    extractor: Extractor = Extractor(), revision: String? = nil
  ) {
    self.encoding = encoding
    self.choice = choice
    self.revision = revision
    var extractor = extractor
    extractor.encoding = encoding
    extractor.choice = choice
    self.extractor = extractor
  }

  private var texts: FileTexts { FileTexts(extractor: extractor) }

  /// - Parameter path: a file, a directory, `-`, or a repository's path, `@` and a revision.
  /// - Throws: `DocumentError`, which says what is wrong with the path.
  package func load(_ path: String) throws -> Document {
    let isInput = ["-", "/dev/stdin", "/dev/fd/0"].contains(path)
    var isDirectory: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
    if let revision {
      guard isInput || exists else { throw DocumentError.notFound(path: path) }
      guard isDirectory.boolValue, !isInput else {
        throw DocumentError.badRevision(
          path: path, revision: revision, reason: "only a directory of a git repository has any")
      }
      return try GitRevision(root: path, revision: revision, texts, choice).document()
    }
    if isInput {
      return try document(try texts.standardInput(), path, name: "standard input")
    }
    guard exists else {
      if let (root, revision) = Self.revision(in: path) {
        return try GitRevision(root: root, revision: revision, texts, choice).document()
      }
      throw DocumentError.notFound(path: path)
    }
    return isDirectory.boolValue
      ? try Codebase(root: path, texts: texts, choice: choice).document()
      : try document(
        try texts.read(Array(path.utf8), shown: path), path,
        name: (path as NSString).lastPathComponent)
  }

  /// `PATH@REV`, where the path is a directory's.
  private static func revision(in path: String) -> (root: String, revision: String)? {
    guard let sign = path.lastIndex(of: "@"), sign > path.startIndex else { return nil }
    let root = String(path[..<sign])
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: root, isDirectory: &isDirectory),
      isDirectory.boolValue
    else { return nil }
    return (root, String(path[path.index(after: sign)...]))
  }

  /// A file that is open already, and can be read from any place.
  /// - Throws: `DocumentError`
  package func load(descriptor: Int32, name: String) throws -> Document {
    try document(try texts.read(descriptor: descriptor, shown: name), name, name: name)
  }

  /// Several files as one text, each after its path, in the order given.
  /// - Throws: `DocumentError`
  package func load(together paths: [String]) throws -> Document {
    try Self.joined(
      try paths.map { (path: $0, document: try load($0)) },
      name: "\((paths[0] as NSString).lastPathComponent) and \(paths.count - 1) more")
  }

  /// Several documents as one text, each after its path, in the order given.
  /// - Throws: `DocumentError.tooLarge`
  package static func joined(
    _ documents: [(path: String, document: Document)], name: String
  ) throws -> Document {
    var joined = JoinedText()
    var notes: [String] = []
    for (path, document) in documents {
      notes += document.notes
      guard document.isDirectory else {
        let part = document.parts[0]
        try joined.append(
          FileText(document.text, places: part.places, source: part.source), path: path, of: path)
        continue
      }
      let scalars = Array(document.text.unicodeScalars)
      for part in document.parts {
        let text = String(String.UnicodeScalarView(scalars[part.start..<part.start + part.length]))
        try joined.append(
          FileText(text, places: part.places, source: part.source),
          path: path + "/" + part.path, of: path)
      }
    }
    return Document(name: name, text: joined.text, parts: joined.parts, notes: notes)
  }

  private func document(_ found: FileTexts.Found, _ path: String, name: String) throws -> Document {
    let isBlank = { (text: String) in
      text.unicodeScalars.allSatisfy { $0.properties.isWhitespace }
    }
    guard found.texts.contains(where: { !isBlank($0.text) }) else {
      let why = found.notes.map { "\n  " + $0 }.joined()
      throw why.isEmpty
        ? DocumentError.empty(path: path)
        : DocumentError.notExtracted(path: path, reason: "it holds no text" + why)
    }
    if let only = found.texts.first, found.texts.count == 1, only.path == nil {
      // Other encodings can grow on their way to UTF-8.
      if only.text.utf8.count > FileContents.maximumBytes {
        throw DocumentError.tooLarge(
          path: path, bytes: only.text.utf8.count, limit: FileContents.maximumBytes)
      }
      let part = Document.Part(
        path: name, start: 0, length: only.text.unicodeScalars.count, places: only.places,
        source: only.source)
      let doubt = only.doubt.map { ["\(name): \($0)"] } ?? []
      return Document(name: name, text: only.text, parts: [part], notes: found.notes + doubt)
    }
    var joined = JoinedText()
    for text in found.texts { try joined.append(text, path: text.path ?? name, of: path) }
    return Document(name: name, text: joined.text, parts: joined.parts, notes: found.notes)
  }
}
