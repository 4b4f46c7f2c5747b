/// What of the document is shown again beside a question.
enum Passages {
  /// Bytes at most.
  private static let most = 1600
  /// Of several passages, and bytes of each at most.
  private static let (several, mostOfSeveral) = (4, 700)

  /// A unit's neighbours in the block with it, and it alone again next to the question, where a
  /// small model looks first; of a codebase with the file's path before them.
  static func around(_ unit: Int, _ evidence: Evidence, _ tokens: DocumentTokens) -> [String] {
    let units = neighbours(of: unit, evidence, tokens.units, most: most) { evidence.blocks.ofUnit[unit] == evidence.blocks.ofUnit[$0] }
    return units.count > 1 ? [text(units, tokens), tokens.line(ofUnit: unit)] : [text(units, tokens)]
  }

  /// What stands around each of the best units, in its block or not; the best last.
  static func together(_ evidence: Evidence, _ tokens: DocumentTokens) -> [String] {
    evidence.ranked.prefix(several).reversed().map { ranked in
      text(neighbours(of: ranked.unit, evidence, tokens.units, most: mostOfSeveral) { _ in true }, tokens)
    }
  }

  private static func text(_ units: ClosedRange<Int>, _ tokens: DocumentTokens) -> String {
    let text = units.map(tokens.line(ofUnit:)).joined(separator: " ")
    return tokens.path(ofUnit: units.lowerBound).map { "\($0): \(text)" } ?? text
  }

  private static func neighbours(
    of unit: Int, _ evidence: Evidence, _ units: TextUnits, most: Int, belongs: (Int) -> Bool
  ) -> ClosedRange<Int> {
    var (first, last) = (unit, unit)
    func fits(_ first: Int, _ last: Int) -> Bool {
      first >= 0 && last < units.ranges.count && belongs(first) && belongs(last)
        && Int(units.ranges[last].upperBound - units.ranges[first].lowerBound) <= most
    }
    while true {
      let (before, after) = (fits(first - 1, last), fits(first, last + 1))
      if before, !after || evidence.scores[first - 1] > evidence.scores[last + 1] {
        first -= 1
      } else if after {
        last += 1
      } else {
        return first...last
      }
    }
  }
}
