/// Adapts patterns written for Oniguruma, which Hugging Face's library runs.
enum PatternTranslation {
  /// Unicode's White_Space. PCRE2's \s also takes U+180E, which lost that property in Unicode 6.3.
  private static let space = #"\x{09}-\x{0D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"#

  /// The pattern with `\s` and `\S` spelled out.
  static func forPCRE2(_ pattern: String) -> String {
    var result = ""
    var inClass = false
    var escaped = false
    for scalar in pattern.unicodeScalars {
      if escaped {
        result += replacement(for: scalar, inClass: inClass)
        escaped = false
        continue
      }
      if scalar == "\\" {
        escaped = true
        continue
      }
      if scalar == "[" { inClass = true }
      if scalar == "]" { inClass = false }
      result.unicodeScalars.append(scalar)
    }
    return escaped ? result + "\\" : result
  }

  private static func replacement(for scalar: Unicode.Scalar, inClass: Bool) -> String {
    switch (scalar, inClass) {
    case ("s", true): space
    case ("s", false): "[\(space)]"
    case ("S", false): "[^\(space)]"
    default: "\\\(scalar)"
    }
  }
}
