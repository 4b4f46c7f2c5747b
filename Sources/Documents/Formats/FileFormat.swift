import Foundation

/// What a file is, by what it holds and then by its name.
package enum FileFormat: Equatable, Sendable {
  case text
  /// A kind that a reader takes the text out of.
  case foreign(Kind)
  /// A kind that none reads; with what to do instead.
  case refused(String, instead: String)

  package enum Kind: String, Sendable, CaseIterable {
    /// An EPUB, DOCX, ODT or an archive: what is in it tells.
    case zip
    /// Another archive, or a compressed file.
    case archive
    case html
    case pdf
    case rtf
    /// Mail: many messages, or one.
    case mbox
    case eml
    case notebook
    /// OpenDocument as one XML file.
    case flatODT
  }

  /// Bytes of a file's beginning that tell what it is.
  package static let headBytes = 4096

  /// - Parameter head: the file's first bytes, `headBytes` or all.
  package static func of(name: String, head: some Collection<UInt8>) -> FileFormat {
    let head = Array(head.prefix(headBytes))
    let ending = ending(of: name)
    if let kind = byContent(head) { return .foreign(kind) }
    // A PDF's header may stand behind other bytes (PDF 2.0, Annex I); a text may speak of it.
    let isInside = head.prefix(1024).firstRange(of: Array("%PDF-".utf8)) != nil
    if isInside, ending == "pdf" || !ByteSurvey(head).isUTF8 { return .foreign(.pdf) }
    if let refusal = refusal(head, ending) { return refusal }
    if isMarkup(head) { return .foreign(.html) }
    switch ending {
    case "html", "htm", "xhtml", "xht": return .foreign(.html)
    case "mbox": return .foreign(.mbox)
    case "eml": return .foreign(.eml)
    case "ipynb": return .foreign(.notebook)
    default: return .text
    }
  }

  private static func ending(of name: String) -> String {
    let last = name.split(separator: "/").last ?? ""
    let pieces = last.split(separator: ".")
    return pieces.count > 1 ? pieces[pieces.count - 1].lowercased() : ""
  }

  private static let beginnings: [([UInt8], Kind)] = [
    (Array("PK\u{3}\u{4}".utf8), .zip), (Array("PK\u{5}\u{6}".utf8), .zip),
    ([0x1F, 0x8B], .archive), ([0x28, 0xB5, 0x2F, 0xFD], .archive),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], .archive),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], .archive), (Array("Rar!\u{1A}\u{7}".utf8), .archive),
    ([4, 0x22, 0x4D, 0x18], .archive), (Array("070701".utf8), .archive),
    (Array("{\\rtf".utf8), .rtf), (Array("%PDF-".utf8), .pdf),
  ]

  private static func byContent(_ head: [UInt8]) -> Kind? {
    if let found = beginnings.first(where: { head.starts(with: $0.0) }) { return found.1 }
    // A name may begin with its three letters: the size and a block's sign follow.
    let isBzip = head.starts(with: Array("BZh".utf8))
    if isBzip, head.dropFirst(4).starts(with: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) {
      return .archive
    }
    if head.count > 262, Array(head[257..<262]) == Array("ustar".utf8) { return .archive }
    if isMailbox(head) { return .mbox }
    let isFlat = head.firstRange(of: Array("<office:document".utf8)) != nil
    return isFlat && trimmed(head).starts(with: Array("<?xml".utf8)) ? .flatODT : nil
  }

  /// The first line of an mbox: `From ann@example.org Thu Jan  1 00:00:00 1970` (RFC 4155), also
  /// as list archives write it, with ` at ` for the sign.
  private static func isMailbox(_ head: [UInt8]) -> Bool {
    guard head.starts(with: Array("From ".utf8)) else { return false }
    let line = String(decoding: head.prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
    let pattern =
      #/^From .*\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +\w{3} +\d{1,2} \d\d:\d\d(:\d\d)?( \S+)? \d{4}/#
    return line.contains(pattern)
  }

  /// HTML, behind a byte order mark, white space, comments and an XML declaration.
  private static func isMarkup(_ head: [UInt8]) -> Bool {
    var rest = trimmed(head)[...]
    for _ in 0..<20 {
      if rest.starts(with: Array("<!--".utf8)) {
        guard let end = rest.firstRange(of: Array("-->".utf8)) else { return false }
        rest = trimmed(rest[end.upperBound...])[...]
      } else if rest.starts(with: Array("<?xml".utf8)) {
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
        rest = trimmed(rest[(end + 1)...])[...]
      } else {
        break
      }
    }
    let start = String(decoding: rest.prefix(15), as: UTF8.self).lowercased()
    return start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
  }

  private static func trimmed(_ bytes: some Collection<UInt8>) -> [UInt8] {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let rest = bytes.starts(with: mark) ? Array(bytes.dropFirst(3)) : Array(bytes)
    return Array(rest.drop { $0 == 32 || (9...13).contains($0) })
  }

  private static func refusal(_ head: [UInt8], _ ending: String) -> FileFormat? {
    if head.starts(with: [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
      return .refused(
        "an old Office file (DOC, XLS, PPT), or one with a password",
        instead: "save it as DOCX without a password: soffice --convert-to docx")
    }
    if head.dropFirst(60).starts(with: Array("BOOKMOBI".utf8)) {
      return .refused(
        "a MOBI book",
        instead: "turn it into an EPUB, by calibre: ebook-convert book.mobi book.epub")
    }
    if head.starts(with: Array("AT&TFORM".utf8)) {
      return .refused("a DjVu book", instead: "take its text out: djvutxt book.djvu book.txt")
    }
    if head.starts(with: Array("%!PS".utf8)) {
      return .refused("PostScript", instead: "turn it into a PDF: ps2pdf FILE.ps")
    }
    switch ending {
    case "mobi", "azw", "azw3", "kfx":
      return .refused(
        "a Kindle book", instead: "turn it into an EPUB, by calibre: ebook-convert FILE book.epub")
    default: return nil
    }
  }
}
