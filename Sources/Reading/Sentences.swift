import Documents

/// A text's sentences, cut as quotes are.
public enum Sentences {
  /// Each on one line.
  public static func split(_ text: String) -> [String] {
    let bytes = Array(text.utf8)
    return TextUnits(Document(name: "text", text: text), bytes: bytes).ranges.map { range in
      String(decoding: bytes[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
        .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
  }
}
