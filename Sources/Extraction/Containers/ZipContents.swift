import Documents

/// The members of a ZIP by their names, for documents that are made of several.
final class ZipContents {
  private(set) var files: [String: [UInt8]] = [:]
  private(set) var names: Set<String> = []
  private(set) var isEncrypted = false

  /// - Parameter isWanted: for a name: whether the member is read.
  /// - Throws: `ExtractionError`
  init(
    _ file: InputFile, _ context: ExtractionContext, isWanted: (String) -> Bool
  ) throws {
    let archive = try OpenArchive(file, context)
    do {
      while let member = try archive.next() {
        guard member.isFile, let path = member.path else { continue }
        // Of two with one name the first counts.
        guard names.insert(path).inserted, isWanted(path) else { continue }
        if member.isEncrypted, context.settings.password == nil {
          isEncrypted = true
          continue
        }
        let (bytes, fault) = try archive.contents()
        if let fault { context.leftOut.doubt(path, "damaged: \(fault)") }
        files[path] = bytes
      }
    } catch ExtractionError.broken(let reason) where !files.isEmpty {
      context.note("the rest of it is lost: \(reason)")
    }
  }

  func with<Result>(
    _ path: String, nesting: Int = 0, _ body: (InputFile) throws -> Result
  ) rethrows -> Result? {
    guard let bytes = files[path] else { return nil }
    return try bytes.withUnsafeBytes {
      try body(InputFile(name: path, bytes: $0, nesting: nesting))
    }
  }

  func text(_ path: String) -> String? { files[path].map { String(decoding: $0, as: UTF8.self) } }
}
