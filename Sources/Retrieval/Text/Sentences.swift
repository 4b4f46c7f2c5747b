import Documents

/// A text's sentences, cut as quotes are.
package enum Sentences {
  /// Each on one line.
  package static func split(_ text: String) -> [String] {
    let quotable = QuotableText(Document(name: "text", text: text))
    return quotable.units.ranges.indices.map(quotable.line(ofUnit:))
  }
}
