/// What of the document is shown again beside a question.
enum Passages {
  /// Bytes at most.
  private static let most = 1600

  /// A unit's neighbours in the block with it, and it alone again next to the question, where a
  /// small model looks first; of a codebase with the file's path before them.
  static func around(_ unit: Int, _ evidence: Evidence, _ tokens: DocumentTokens) -> [String] {
    let units = neighbours(of: unit, evidence, tokens.units)
    let text = units.map(tokens.line(ofUnit:)).joined(separator: " ")
    let whole = tokens.path(ofUnit: unit).map { "\($0): \(text)" } ?? text
    return units.count > 1 ? [whole, tokens.line(ofUnit: unit)] : [whole]
  }

  private static func neighbours(of unit: Int, _ evidence: Evidence, _ units: TextUnits) -> ClosedRange<Int> {
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
