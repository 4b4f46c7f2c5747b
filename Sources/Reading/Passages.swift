/// What of the document is shown again beside a question.
enum Passages {
  private static let count = 3

  /// The best units with their neighbours, the best one last.
  static func choose(_ evidence: Evidence, _ tokens: DocumentTokens) -> [String] {
    evidence.ranked.prefix(count).reversed().map { ranked in
      (ranked.unit - 1...ranked.unit + 1).filter(tokens.units.ranges.indices.contains)
        .map(tokens.line(ofUnit:)).joined(separator: " ")
    }
  }
}
