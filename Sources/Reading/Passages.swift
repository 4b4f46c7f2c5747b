/// What of the document is shown again beside a question: the best unit's block whole, and a few
/// sentences around the best units of other blocks.
enum Passages {
  /// Bytes of each at most, the best one first.
  private static let sizes = [1600, 400, 200, 200]

  /// The best one last.
  static func choose(_ evidence: Evidence, _ tokens: DocumentTokens) -> [String] {
    zip(evidence.ranked, sizes).reversed().map { ranked, most in
      let units = around(ranked.unit, evidence, tokens.units, most: most)
      let text = units.map(tokens.line(ofUnit:)).joined(separator: " ")
      return tokens.path(ofUnit: ranked.unit).map { "\($0): \(text)" } ?? text
    }
  }

  /// A unit and its neighbours in the block, the better one first, as many as fit.
  private static func around(_ unit: Int, _ evidence: Evidence, _ units: TextUnits, most: Int) -> ClosedRange<Int> {
    var (first, last) = (unit, unit)
    func fits(_ first: Int, _ last: Int) -> Bool {
      first >= 0 && last < units.ranges.count && evidence.blocks.ofUnit[first] == evidence.blocks.ofUnit[last]
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
