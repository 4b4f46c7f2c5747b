import Documents

/// An EPUB of version 2 or 3: the files of its spine, in that order.
struct EPUBReader: FormatReader {
  let type = "application/epub+zip"

  private static let mostUnknown = 10
  /// What is no text: pictures, fonts, sound.
  private static let unread: Set<String> = [
    "jpg", "jpeg", "png", "gif", "webp", "svg", "tif", "tiff", "bmp", "ttf", "otf", "woff", "woff2",
    "mp3", "mp4", "m4a", "m4v", "ogg", "webm", "css", "js", "smil",
  ]

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    let zip = try ZipContents(file, context) { name in
      !Self.unread.contains(name.split(separator: ".").last.map { $0.lowercased() } ?? "")
    }
    if zip.isEncrypted { throw ExtractionError.needsPassword }
    let (items, contents) = try spine(zip, context)
    try refuseLocked(items, zip, context)
    var pages: [(blocks: [Block], title: String?)] = []
    var notes: [String: [Block]] = [:]
    var targets: [String] = []
    let titles = try titles(contents, zip, context)
    for (number, item) in items.enumerated() {
      guard let page = try page(item, titles[item] ?? [:], zip, context) else { continue }
      pages.append((page.blocks, titles[item]?[""]))
      targets += page.noteTargets
      notes.merge(page.notes) { first, _ in first }
      context.progress(number + 1, of: items.count, "chapters")
    }
    return [Self.text(pages, notes, targets)]
  }

  private static func text(
    _ pages: [(blocks: [Block], title: String?)], _ notes: [String: [Block]], _ targets: [String]
  ) -> ExtractedText {
    var writer = TextWriter(notes: notes)
    for (blocks, title) in pages where !blocks.isEmpty {
      let isNamed = blocks.contains { block in
        if case .heading = block.kind { return true }
        return block.marks.contains { $0.kind == Place.Kind.section }
      }
      // The title stands in the book's table of contents and not on the page.
      if let title, !isNamed {
        var first = blocks[0]
        first.marks.insert(Block.Mark(kind: Place.Kind.section, label: title, offset: 0), at: 0)
        writer.write([first] + blocks.dropFirst())
      } else {
        writer.write(blocks)
      }
    }
    writer.writeOrphans(targets)
    return writer.finish()
  }

  /// Paths of the chapters in order, and of tables of contents.
  private func spine(
    _ zip: ZipContents, _ context: ExtractionContext
  ) throws -> (chapters: [String], contents: [String]) {
    let container = EPUBContainer()
    try zip.parse(xml: "META-INF/container.xml", container, context)
    let found = container.package ?? zip.names.sorted().first { $0.hasSuffix(".opf") }
    guard let member = found, zip.files[member] != nil else {
      throw ExtractionError.broken("it names no package document: the book's order is not known")
    }
    let package = EPUBPackage(member: member)
    if try zip.parse(xml: member, package, context) == false {
      context.note("\(member) is not well-formed: chapters may be missing")
    }
    for id in package.unknown.prefix(Self.mostUnknown) {
      context.note("the spine names \(id), which the book does not list")
    }
    let more = package.unknown.count - Self.mostUnknown
    if more > 0 { context.note("and \(more) more that it does not list") }
    let spine = package.spine
    guard !spine.isEmpty else {
      throw ExtractionError.broken("its package document names no chapters")
    }
    let chapters = spine.filter { item in
      let isPage = !item.type.hasPrefix("image/")
      if !isPage { context.leftOut.add(item.path, "a page that is a picture") }
      return isPage
    }.map(\.path)
    return (chapters, package.contents)
  }

  private func refuseLocked(
    _ items: [String], _ zip: ZipContents, _ context: ExtractionContext
  ) throws {
    let encryption = EPUBEncryption()
    try zip.parse(xml: "META-INF/encryption.xml", encryption, context)
    guard let locked = items.first(where: encryption.encrypted.contains) else { return }
    throw ExtractionError.refused(
      "a book with copy protection (\(locked) is encrypted)",
      instead: "give a copy without it")
  }

  private func titles(
    _ contents: [String], _ zip: ZipContents, _ context: ExtractionContext
  ) throws -> [String: [String: String]] {
    var titles: [String: [String: String]] = [:]
    for member in contents {
      let table = EPUBContents(member: member)
      try zip.parse(xml: member, table, context)
      titles.merge(table.titles) { $0.merging($1) { first, _ in first } }
    }
    return titles
  }

  private func page(
    _ path: String, _ titles: [String: String], _ zip: ZipContents, _ context: ExtractionContext
  ) throws -> HTMLBlocks.Page? {
    do {
      let page = try zip.with(path) { file in
        let text = try MarkupEncoding.text(file, context)
        let handler = HTMLBlocks(titles: titles.filter { $0.key != "" }, base: path) { reference in
          ArchivePath.resolve(reference, from: path).map {
            $0 + "#" + ArchivePath.fragment(reference)
          }
        }
        try MarkupParser.parse(html: text, handler, context)
        return handler.finish()
      }
      if page == nil { context.leftOut.add(path, "the spine names it, and it is not in the book") }
      return page
    } catch let error as ExtractionError {
      if error.endsAll { throw error }
      context.leftOut.add(path, error.description)
      return nil
    }
  }
}

extension ZipContents {
  /// - Returns: false where the member is not well-formed; nil without such a member.
  /// - Throws: `ExtractionError.limit`
  @discardableResult
  func parse(
    xml member: String, _ handler: any MarkupHandler, _ context: ExtractionContext
  ) throws -> Bool? {
    try with(member) { try MarkupParser.parse(xml: $0.bytes, handler, context) }
  }
}
