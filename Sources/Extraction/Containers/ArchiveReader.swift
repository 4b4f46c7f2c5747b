import Documents

/// An archive, or a compressed file: the texts of its members, in the order in which a newcomer
/// would read them.
struct ArchiveReader: FormatReader {
  let type: String
  /// Which reader a member has.
  let reader: (InputFile, ExtractionContext) throws -> any FormatReader

  /// What systems and programs leave in archives.
  private static let litter: Set<Substring> = [".git", "__MACOSX", ".DS_Store"]

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    guard file.nesting < context.limits.nesting else {
      throw ExtractionError.limit(
        "an archive in \(file.nesting) archives", name: "nesting", is: context.limits.nesting)
    }
    if let text = try single(file, context) { return text }
    var texts = try members(file, context)
    let order = ReadingOrder.sorted(texts.map { $0.path ?? "" })
    let places = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
    texts.sort { (places[$0.path ?? ""] ?? 0) < (places[$1.path ?? ""] ?? 0) }
    return texts
  }

  /// The texts of a compressed file that is no archive; nil for an archive.
  private func single(
    _ file: InputFile, _ context: ExtractionContext
  ) throws -> [ExtractedText]? {
    let archive = try OpenArchive(file, context)
    guard try archive.next() != nil else {
      throw ExtractionError.broken("it is an empty archive")
    }
    guard archive.isRaw else { return nil }
    guard archive.isCompressed else {
      throw ExtractionError.broken("it is damaged: it only begins as an archive does")
    }
    let (bytes, fault) = try archive.contents()
    if let fault { context.note("its end is lost: \(fault)") }
    let name = file.name.split(separator: "/").last.map(String.init) ?? file.name
    let inner = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    return try bytes.withUnsafeBytes { bytes in
      let file = InputFile(name: inner, bytes: bytes, nesting: file.nesting + 1)
      return try reader(file, context).read(file, context)
    }
  }

  private func members(
    _ file: InputFile, _ context: ExtractionContext
  ) throws -> [ExtractedText] {
    let vendored = FileChoice.vendored(try names(file, context))
    let archive = try OpenArchive(file, context)
    var texts: [ExtractedText] = []
    var known: Set<String> = []
    var count = 0
    do {
      while let member = try archive.next() {
        count += 1
        if count % 1000 == 0 { context.progress(count, of: 0, "members") }
        guard let path = wanted(member, known, vendored, context) else { continue }
        known.insert(path)
        texts += try self.texts(of: path, in: archive, file, context)
      }
    } catch ExtractionError.broken(let reason) where count > 0 {
      context.note("the rest of it is lost: \(reason)")
    }
    return texts
  }

  /// Of all members, to tell folders of others' code.
  private func names(_ file: InputFile, _ context: ExtractionContext) throws -> [String] {
    let looking = ExtractionContext(context.settings)
    let archive = try OpenArchive(file, looking)
    var names: [String] = []
    do {
      while let member = try archive.next() { if let path = member.path { names.append(path) } }
    } catch ExtractionError.broken {
      // What follows is lost, and its reader says so.
    }
    return names
  }

  /// The name of a member that is to be read; nil for others, with the reason where it is theirs.
  private func wanted(
    _ member: OpenArchive.Member, _ known: Set<String>, _ vendored: Set<String>,
    _ context: ExtractionContext
  ) -> String? {
    guard let path = member.path else {
      context.leftOut.add("a member", "its name is none that can be shown")
      return nil
    }
    if member.isLink {
      context.leftOut.add(path, "a link")
      return nil
    }
    guard member.isFile, !path.split(separator: "/").contains(where: Self.litter.contains) else {
      return nil
    }
    guard ArchivePath.isSound(path) else {
      context.leftOut.add(path, "its name leads out of the archive")
      return nil
    }
    if known.contains(path) {
      context.leftOut.add(path, "a second member of this name")
      return nil
    }
    if let reason = context.settings.choice.refusal(of: path, vendored: vendored) {
      if !reason.isEmpty { context.leftOut.add(path, reason + "; --include reads it") }
      return nil
    }
    if member.isEncrypted, context.settings.password == nil {
      context.leftOut.add(path, ExtractionError.needsPassword.description)
      return nil
    }
    return path
  }

  private func texts(
    of path: String, in archive: OpenArchive, _ file: InputFile, _ context: ExtractionContext
  ) throws -> [ExtractedText] {
    do {
      let (bytes, fault) = try archive.contents()
      if let fault { context.leftOut.doubt(path, "damaged: \(fault)") }
      if bytes.isEmpty { return [] }
      return try bytes.withUnsafeBytes { bytes in
        let inner = InputFile(name: path, bytes: bytes, nesting: file.nesting + 1)
        return try reader(inner, context).read(inner, context).map { text in
          ExtractedText(
            path: text.path.map { path + "/" + $0 } ?? path, text: text.text, places: text.places)
        }
      }
    } catch ExtractionError.binary {
      return []
    } catch let error as ExtractionError {
      if error.endsAll { throw error }
      context.leftOut.add(path, error.description)
      return []
    }
  }
}
