/// Formats that are recognised so that they can be refused by name.
enum FileFormat {
  private static let byExtension: [String: String] = [
    "epub": "an EPUB book", "pdf": "a PDF", "html": "HTML", "htm": "HTML", "xhtml": "HTML",
    "docx": "a DOCX document",
    "odt": "an ODT document", "doc": "a Word document", "mobi": "a MOBI book", "zip": "an archive",
    "tar": "an archive",
    "gz": "an archive", "tgz": "an archive", "xz": "an archive", "zst": "an archive",
    "bz2": "an archive", "7z": "an archive",
  ]

  private static let byContent: [(prefix: [UInt8], name: String)] = [
    (Array("%PDF-".utf8), "a PDF"),
    ([0x50, 0x4B, 3, 4], "a ZIP container (EPUB, DOCX or archive)"), ([0x1F, 0x8B], "an archive"),
    ([0x28, 0xB5, 0x2F, 0xFD], "an archive"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "an archive"),
    (Array("<!DOCTYPE html".utf8), "HTML"), (Array("<!doctype html".utf8), "HTML"),
    (Array("<html".utf8), "HTML"),
  ]

  /// The name of an unsupported format, by what the file holds and then by its name.
  static func unsupported(path: String, content: [UInt8]) -> String? {
    if let match = byContent.first(where: { content.starts(with: $0.prefix) }) { return match.name }
    let name = path.split(separator: "/").last ?? ""
    let parts = name.split(separator: ".")
    return parts.count > 1 ? byExtension[parts[parts.count - 1].lowercased()] : nil
  }
}
