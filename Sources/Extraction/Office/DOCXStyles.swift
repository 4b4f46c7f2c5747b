/// Which paragraph styles are headings, in word/styles.xml (ECMA-376 part 1, section 17.7).
final class DOCXStyles: MarkupHandler {
  private struct Style {
    var base: String?
    var level: Int?
  }

  private var styles: [String: Style] = [:]
  private var current: String?

  /// The level of a style's heading, from 1; nil for one that is none.
  func level(of style: String) -> Int? {
    var name: String? = style
    for _ in 0..<20 {
      guard let known = name.flatMap({ styles[$0] }) else { return nil }
      if let level = known.level { return level > 9 ? nil : level }
      name = known.base
    }
    return nil
  }

  func start(_ name: String, _ attributes: MarkupAttributes) {
    switch name.localName {
    case "style":
      current = attributes.local("styleId")
      if let current { styles[current] = Style() }
    case "name":
      guard let current, let name = attributes.local("val")?.lowercased() else { return }
      // The names of built-in styles are English in every language.
      if name.hasPrefix("heading "), let level = Int(name.dropFirst(8)) {
        styles[current]?.level = level
      }
      if name == "title" { styles[current]?.level = 1 }
    case "basedOn": if let current { styles[current]?.base = attributes.local("val") }
    case "outlineLvl":
      guard let current, let level = attributes.local("val").flatMap({ Int($0) }) else { return }
      styles[current]?.level = (0...9).contains(level) ? level + 1 : nil
    default: break
    }
  }

  func end(_ name: String) { if name.localName == "style" { current = nil } }
  func text(_ text: String) {}
}

/// Where the parts of a package lie: targets by the ends of their relations' types.
final class DOCXRelations: MarkupHandler {
  private let member: String
  private(set) var targets: [String: String] = [:]

  /// - Parameter member: whose relations these are.
  init(of member: String) { self.member = member }

  func start(_ name: String, _ attributes: MarkupAttributes) {
    guard name.localName == "Relationship", attributes["TargetMode"] != "External",
      let type = attributes["Type"]?.split(separator: "/").last.map(String.init),
      let path = attributes["Target"].flatMap({ ArchivePath.resolve($0, from: member) })
    else { return }
    if targets[type] == nil { targets[type] = path }
  }

  func end(_ name: String) {}
  func text(_ text: String) {}
}
