/// Units that belong together: a paragraph, with short ones joined and long ones cut.
package struct TextBlocks {
  /// The block of each unit, counted from 0 in the text's order.
  package let ofUnit: [Int32]
  package var count: Int { ofUnit.last.map { Int($0) + 1 } ?? 0 }

  init(_ units: TextUnits, bytes: [UInt8], _ sizes: RetrievalTuning.Blocks) {
    let ranges = units.ranges
    let starts = Self.paragraphStarts(ranges, bytes)
    let ends = Self.paragraphEnds(ranges, starts)
    ofUnit = Self.numbered(ranges) { unit, begin, soFar in
      let coming = Int(ends[unit] - ranges[unit].lowerBound)
      let leaves =
        starts[unit] && (soFar >= sizes.full || soFar >= sizes.some && coming >= sizes.some)
      // A row is looked for by itself: its neighbours hold other values under the same names.
      if units.isRecord(unit) || units.isRecord(unit - 1) { return true }
      return leaves || units.beginsPart(unit) || Int(ranges[unit].upperBound - begin) > sizes.most
    }
  }

  /// Runs of units of one file as long as a hundred words, whether paragraphs end in them or not.
  init(stretchesOf units: TextUnits, _ sizes: RetrievalTuning.Blocks) {
    ofUnit = Self.numbered(units.ranges) { unit, _, soFar in
      soFar >= sizes.stretch || units.beginsPart(unit)
    }
  }

  /// The best unit of each of the best blocks, best first, of equals the earlier one.
  package func bestUnits(_ scores: [Double], count: Int, atLeast least: Double) -> [Int] {
    var best: [Int32: Int] = [:]
    for (unit, score) in scores.enumerated() where score >= least {
      if let other = best[ofUnit[unit]], scores[other] >= score { continue }
      best[ofUnit[unit]] = unit
    }
    return Array(best.values.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(count))
  }

  /// All units of a unit's block.
  package func units(with unit: Int) -> ClosedRange<Int> {
    var first = unit
    var last = unit
    while first > 0, ofUnit[first - 1] == ofUnit[unit] { first -= 1 }
    while last + 1 < ofUnit.count, ofUnit[last + 1] == ofUnit[unit] { last += 1 }
    return first...last
  }

  /// - Parameter leaves: whether a unit begins a block: told where the last one began and its bytes
  ///   so far.
  private static func numbered(
    _ ranges: [Range<Int32>], leaves: (_ unit: Int, _ begin: Int32, _ soFar: Int) -> Bool
  ) -> [Int32] {
    var ofUnit: [Int32] = []
    ofUnit.reserveCapacity(ranges.count)
    var current = Int32(0)
    var begin = ranges.first?.lowerBound ?? 0
    for (unit, range) in ranges.enumerated() {
      if unit > 0, leaves(unit, begin, Int(ranges[unit - 1].upperBound - begin)) {
        current += 1
        begin = range.lowerBound
      }
      ofUnit.append(current)
    }

    return ofUnit
  }

  /// Where a blank line stands before the unit.
  private static func paragraphStarts(_ ranges: [Range<Int32>], _ bytes: [UInt8]) -> [Bool] {
    ranges.indices.map { unit in
      unit == 0
        || bytes[Int(ranges[unit - 1].upperBound)..<Int(ranges[unit].lowerBound)].count { $0 == 10 }
          > 1
    }
  }

  /// For each unit, the end of its paragraph.
  private static func paragraphEnds(_ ranges: [Range<Int32>], _ starts: [Bool]) -> [Int32] {
    var ends = ranges.map(\.upperBound)
    for unit in ranges.indices.dropLast().reversed() where !starts[unit + 1] {
      ends[unit] = ends[unit + 1]
    }
    return ends
  }
}
