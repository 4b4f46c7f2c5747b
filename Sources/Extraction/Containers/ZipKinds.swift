/// What a ZIP is: a book, an office document, or an archive.
enum ZipKinds {
  /// Names that only one kind has.
  private static let refused: [(prefix: String, what: String, instead: String)] = [
    ("xl/", "an Excel workbook", "save its sheets as CSV"),
    ("ppt/", "a PowerPoint presentation", "save it as PDF"),
    ("visio/", "a Visio drawing", "save it as PDF"),
  ]

  /// - Returns: nil for an archive.
  /// - Throws: `ExtractionError`
  static func reader(
    for file: InputFile, _ context: ExtractionContext
  ) throws -> (any FormatReader)? {
    // Counted when it is read; looking at the names costs nothing.
    let looking = ExtractionContext(context.settings)
    var names: Set<String> = []
    var kind: String?
    do {
      let archive = try OpenArchive(file, looking)
      while let member = try archive.next() {
        guard let path = member.path else { continue }
        names.insert(path)
        if path == "mimetype", member.isFile, !member.isEncrypted {
          kind = String(decoding: try archive.contents().bytes.prefix(100), as: UTF8.self)
        }
        if names.count > most { break }
      }
    } catch ExtractionError.broken where !names.isEmpty {
      // Its reader says so.
    }
    return try reader(names, kind?.split(separator: "\n").first.map(String.init) ?? "")
  }

  /// Names to look at: those that tell stand among the first.
  private static let most = 10_000

  private static func reader(
    _ names: Set<String>, _ kind: String
  ) throws -> (any FormatReader)? {
    if names.contains("META-INF/container.xml") || kind == "application/epub+zip" {
      return EPUBReader()
    }
    if names.contains("[Content_Types].xml") {
      for (prefix, what, instead) in refused where names.contains(where: { $0.hasPrefix(prefix) }) {
        throw ExtractionError.refused(what, instead: instead)
      }
      return DOCXReader()
    }
    let openDocument = "application/vnd.oasis.opendocument."
    guard kind.hasPrefix(openDocument) else { return nil }
    if kind.dropFirst(openDocument.count).hasPrefix("text") { return ODTReader() }
    throw ExtractionError.refused(
      "an OpenDocument \(kind.dropFirst(openDocument.count))", instead: "save it as PDF or CSV")
  }
}

/// Office files of the old kind, in which new ones are wrapped when they have a password.
enum EncryptedOffice {
  /// nil for another file.
  static func error(_ file: InputFile) throws -> ExtractionError? {
    let name = Array("EncryptedPackage".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    guard file.bytes.starts(with: [0xD0, 0xCF, 0x11, 0xE0]),
      file.bytes.prefix(1 << 20).firstRange(of: name) != nil
    else { return nil }
    return .refused(
      "an Office document with a password", instead: "save it without one; its cipher is not read")
  }
}
