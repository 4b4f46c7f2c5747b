/// The package document of an EPUB (EPUB 3.3, section 5): its files, and the order to read them in.
final class EPUBPackage: MarkupHandler {
  struct Item {
    let path: String
    let type: String
    let isNavigation: Bool
  }

  private let member: String
  private var items: [String: Item] = [:]
  private var order: [(id: String, isLinear: Bool)] = []
  private var contentsID: String?

  init(member: String) { self.member = member }

  /// Files to read, each once: those that are not linear come last.
  var spine: [Item] {
    var known: Set<String> = []
    let sorted = order.filter(\.isLinear) + order.filter { !$0.isLinear }
    return sorted.compactMap { entry in
      guard let item = items[entry.id], known.insert(item.path).inserted else { return nil }
      return item
    }
  }

  /// Entries of the spine that name nothing.
  var unknown: [String] { order.map(\.id).filter { items[$0] == nil } }

  /// Tables of contents, the newer kind first.
  var contents: [String] {
    let navigation = items.values.filter(\.isNavigation).map(\.path)
    let older =
      contentsID.flatMap { items[$0] }
      ?? items.values.first { $0.type == "application/x-dtbncx+xml" }
    return navigation + (older.map { [$0.path] } ?? [])
  }

  func start(_ name: String, _ attributes: MarkupAttributes) {
    switch name.localName {
    case "item":
      guard let id = attributes["id"], let href = attributes["href"],
        let path = ArchivePath.resolve(href, from: member), items[id] == nil
      else { return }
      let properties = (attributes["properties"] ?? "").split(separator: " ")
      items[id] = Item(
        path: path, type: attributes["media-type"] ?? "", isNavigation: properties.contains("nav"))
    case "spine": contentsID = attributes["toc"]
    case "itemref":
      guard let id = attributes["idref"] else { return }
      order.append((id, attributes["linear"] != "no"))
    default: break
    }
  }

  func end(_ name: String) {}
  func text(_ text: String) {}
}

/// The path of the package document, in META-INF/container.xml.
final class EPUBContainer: MarkupHandler {
  private(set) var package: String?

  func start(_ name: String, _ attributes: MarkupAttributes) {
    guard name.localName == "rootfile", package == nil else { return }
    package = attributes["full-path"].flatMap { ArchivePath.resolve($0, from: "") }
  }

  func end(_ name: String) {}
  func text(_ text: String) {}
}

/// The files that META-INF/encryption.xml lists, without those fonts that are only obfuscated
/// (EPUB 3.3, section 4.3; Adobe's way has a name of its own).
final class EPUBEncryption: MarkupHandler {
  private static let fontAlgorithms = [
    "http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC",
  ]
  private(set) var encrypted: Set<String> = []
  private var algorithm = ""

  func start(_ name: String, _ attributes: MarkupAttributes) {
    switch name.localName {
    case "EncryptedData": algorithm = ""
    case "EncryptionMethod": algorithm = attributes["Algorithm"] ?? ""
    case "CipherReference":
      guard !Self.fontAlgorithms.contains(algorithm),
        let path = attributes["URI"].flatMap({ ArchivePath.resolve($0, from: "") })
      else { return }
      encrypted.insert(path)
    default: break
    }
  }

  func end(_ name: String) {}
  func text(_ text: String) {}
}

/// A table of contents: a navigation document, or the older NCX.
final class EPUBContents: MarkupHandler {
  private let member: String
  private var title = InlineText()
  private var isTitle = false
  /// Whether this is the list of chapters, and not that of pages or landmarks.
  private var isContents = false
  private var href: String?
  /// Of each file the titles of places in it, by their id; "" is its beginning.
  private(set) var titles: [String: [String: String]] = [:]

  init(member: String) { self.member = member }

  func start(_ name: String, _ attributes: MarkupAttributes) {
    switch name.localName {
    // NCX: the label stands before the address.
    case "navMap": isContents = true
    case "nav": isContents = (attributes["epub:type", "type"] ?? "toc") == "toc"
    case "navLabel": begin()
    case "content": if let source = attributes["src"] { add(source) }
    case "a":
      href = attributes["href"]
      begin()
    default: break
    }
  }

  func end(_ name: String) {
    switch name.localName {
    case "navMap", "nav": isContents = false
    case "navLabel": isTitle = false
    case "a":
      isTitle = false
      if let href { add(href) }
      href = nil
    default: break
    }
  }

  func text(_ text: String) { if isTitle { title.append(text) } }

  private func begin() {
    isTitle = true
    title = InlineText()
  }

  private func add(_ reference: String) {
    let words = title.text()
    guard isContents, !words.isEmpty, let path = ArchivePath.resolve(reference, from: member) else {
      return
    }
    let fragment = ArchivePath.fragment(reference)
    if titles[path]?[fragment] == nil { titles[path, default: [:]][fragment] = words }
  }
}
