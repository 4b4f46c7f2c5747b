/// Names within an archive.
enum ArchivePath {
  /// What a reference in a member names, without its fragment.
  /// - Returns: nil for an address elsewhere, and for one that leads out of the archive.
  static func resolve(_ reference: String, from member: String) -> String? {
    let address = reference.prefix { $0 != "#" && $0 != "?" }
    if address.isEmpty { return member }
    if address.hasPrefix("//") || hasScheme(address) { return nil }
    var pieces =
      address.hasPrefix("/") ? [] : member.split(separator: "/").dropLast().map(String.init)
    for piece in decoded(String(address)).split(separator: "/") where piece != "." {
      if piece == ".." {
        guard pieces.popLast() != nil else { return nil }
      } else {
        pieces.append(String(piece))
      }
    }
    return pieces.joined(separator: "/")
  }

  static func fragment(_ reference: String) -> String {
    reference.firstIndex(of: "#").map { decoded(String(reference[reference.index(after: $0)...])) }
      ?? ""
  }

  private static func hasScheme(_ address: Substring) -> Bool {
    let scheme = address.prefix { $0 != ":" }
    return scheme.count > 1 && scheme.count < address.count
      && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+.-".contains($0)) }
  }

  /// `%20` and the like as the bytes that they stand for.
  private static func decoded(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        result.append(value)
        rest = rest.dropFirst(2)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Names that lead out of a folder that they would be unpacked to; nothing is, but a place that
  /// a quote names should not lie.
  static func isSound(_ path: String) -> Bool {
    !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
  }
}
