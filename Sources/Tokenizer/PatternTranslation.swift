/// Adapts patterns written for Oniguruma, which Hugging Face's library runs, to PCRE2.
enum PatternTranslation {
  /// The pattern with `\s`, `\S`, `\p{L}` and `\p{N}` meaning what they mean there.
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
    for (name, body) in [
      ("p{L}", #"\p{L}"# + UnicodeVersion.newerLetters),
      ("p{N}", #"\p{N}"# + UnicodeVersion.newerNumbers),
      ("s", UnicodeVersion.whitespace),
    ] {
      guard rest.starts(with: name.unicodeScalars) else { continue }
      rest.removeFirst(name.unicodeScalars.count)
      return inClass ? body : "[\(body)]"
    }

    guard let scalar = rest.popFirst() else { return "\\" }
    return scalar == "S" && !inClass ? "[^\(UnicodeVersion.whitespace)]" : "\\\(scalar)"
  }
}
