/// Words of documents, questions and models, made fit to be shown.
package enum ForeignText {
  /// Foreign text on one line: names and words of documents become no escape codes.
  package static func clean(_ text: String) -> String { cleaned(text, keeping: "") }

  /// The same of a stretch of text, whose lines are joined.
  package static func line(_ text: String) -> String {
    clean(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
  }

  /// The same with its lines as they are.
  package static func cleanLines(_ text: String) -> String {
    let text = text.utf8.contains(0x0D) ? text.replacing("\r\n", with: "\n") : text
    return cleaned(text, keeping: "\n\t")
  }

  private static func cleaned(_ text: String, keeping kept: String) -> String {
    let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
      // Marks that turn the direction of writing show other words than there are (CVE-2021-42574).
      let isControl =
        scalar.properties.generalCategory == .control || scalar.properties.isBidiControl
      return isControl && !kept.unicodeScalars.contains(scalar) ? "\u{FFFD}" : scalar
    }
    return String(String.UnicodeScalarView(scalars))
  }
}
