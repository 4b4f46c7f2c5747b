/// Adapts patterns written for Oniguruma, which Hugging Face's library runs, to PCRE2.
enum PatternTranslation {
  /// The pattern with `\s`, `\S` and properties such as `\p{L}` and `\p{Lu}` meaning what they mean there.
  static func forPCRE2(_ pattern: String) -> String {
    var result = ""
    var inClass = false
    var rest = pattern.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if scalar == "\\" {
        result += escape(&rest, inClass: inClass)
        continue
      }
      if scalar == "[" { inClass = true }
      if scalar == "]" { inClass = false }
      result.unicodeScalars.append(scalar)
    }

    return result
  }

  /// True for a pattern that calls itself, or groups of it, again: no published tokenizer does, and
  /// a match may then never end.
  static func callsItself(_ pattern: String) -> Bool {
    var rest = pattern.unicodeScalars[...]
    var inClass = false
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\\":
        if rest.starts(with: "g<".unicodeScalars) || rest.starts(with: "g'".unicodeScalars) {
          return true
        }
        _ = rest.popFirst()
      case "[": inClass = true
      case "]": inClass = false
      case "(" where !inClass && rest.first == "?":
        let next = rest.dropFirst().prefix(2).map { $0 }
        guard let kind = next.first else { continue }
        let isNumber = "R0123456789&".unicodeScalars.contains(kind)
        let isNamed = kind == "P" && next.last == ">"
        let isRelative =
          "+-".unicodeScalars.contains(kind)
          && next.last.map { ("0"..."9").contains($0) } ?? false
        if isNumber || isNamed || isRelative { return true }
      default: break
      }
    }
    return false
  }

  private static func escape(_ rest: inout Substring.UnicodeScalarView, inClass: Bool) -> String {
    if let name = property(rest), let newer = UnicodeVersion.newer[name] {
      rest.removeFirst("p{}".count + name.count)
      let body = "\\p{\(name)}" + newer
      return inClass ? body : "[\(body)]"
    }
    guard let scalar = rest.popFirst() else { return "\\" }
    switch scalar {
    case "s": return inClass ? UnicodeVersion.whitespace : "[\(UnicodeVersion.whitespace)]"
    case "S" where !inClass: return "[^\(UnicodeVersion.whitespace)]"
    default: return "\\\(scalar)"
    }
  }

  /// The name in `p{NAME}`.
  private static func property(_ rest: Substring.UnicodeScalarView) -> String? {
    guard rest.starts(with: "p{".unicodeScalars), let end = rest.firstIndex(of: "}") else {
      return nil
    }
    return String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end])
  }
}
