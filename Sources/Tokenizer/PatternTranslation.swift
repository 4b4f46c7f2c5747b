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
