import Retrieval

/// What of the document is shown again beside a question.
enum Passages {
  /// Bytes at most.
  private static let most = 1600

  /// A unit's neighbours in the block with it, and it alone again next to the question, where a
  /// small model looks first; of a codebase with the file's path before them.
  static func around(_ unit: Int, _ evidence: Evidence, _ source: QuotableText) -> [String] {
    // Rows beside a row hold other things' values under the same names.
    if source.units.isRecord(unit) { return [text(unit...unit, source)] }
    let units = neighbours(of: unit, evidence, source.units)
    return units.count > 1
      ? [text(units, source), source.line(ofUnit: unit)] : [text(units, source)]
  }

  /// As many stretches of the text as each count says that match the question best, in the text's
  /// order: what happens in a story is told over several sentences, and the model follows it better
  /// as it was told. A text with no more to show gives fewer views.
  static func together(_ counts: [Int], _ evidence: Evidence, _ source: QuotableText)
    -> [[String]]
  {
    let stretches = source.stretches
    let scores =
      evidence.lexical.hasTerms ? evidence.lexical.over(stretches).scores : evidence.scores
    let best = stretches.bestUnits(
      scores, count: counts.max() ?? 0, atLeast: .leastNonzeroMagnitude)
    return Set(counts.map { min($0, best.count) }).sorted()
      .map { best.prefix($0).sorted().map { text(stretches.units(with: $0), source) } }
  }

  /// The best stretches that match the question at all, as many as fit, in the text's order.
  static func inOrder(
    bytes most: Int, _ evidence: Evidence, _ source: QuotableText
  ) -> [String] {
    let stretches = source.stretches
    let scores =
      evidence.lexical.hasTerms ? evidence.lexical.over(stretches).scores : evidence.scores
    let best = stretches.bestUnits(
      scores, count: stretches.count, atLeast: .leastNonzeroMagnitude)
    var chosen: [Int] = []
    var used = 0
    for unit in best {
      let units = stretches.units(with: unit)
      let ranges = source.units.ranges
      used += Int(ranges[units.upperBound].upperBound - ranges[units.lowerBound].lowerBound)
      if used > most { break }
      chosen.append(unit)
    }

    return chosen.sorted().map { text(stretches.units(with: $0), source) }
  }

  private static func text(_ units: ClosedRange<Int>, _ source: QuotableText) -> String {
    let text = units.map(source.shown(unit:)).joined(separator: " ")
    return source.path(ofUnit: units.lowerBound).map { "\($0): \(text)" } ?? text
  }

  private static func neighbours(of unit: Int, _ evidence: Evidence, _ units: TextUnits)
    -> ClosedRange<Int>
  {
    let block = evidence.blocks.units(with: unit)
    var first = unit
    var last = unit
    func fits(_ first: Int, _ last: Int) -> Bool {
      block.contains(first) && block.contains(last)
        && Int(units.ranges[last].upperBound - units.ranges[first].lowerBound) <= most
    }
    while true {
      let before = fits(first - 1, last)
      let after = fits(first, last + 1)
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
