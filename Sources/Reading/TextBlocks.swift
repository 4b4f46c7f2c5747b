/// Units that belong together: a paragraph, with short ones joined and long ones cut.
struct TextBlocks {
  /// Bytes from which on a block is left at the next paragraph.
  private static let full = 600
  /// Bytes from which on it is left for a paragraph as long as this.
  private static let some = 200
  /// Bytes that no block of several units exceeds.
  private static let most = 1600
  /// Bytes from which on a stretch ends.
  private static let stretch = 550

  /// The block of each unit, counted from 0 in the text's order.
  let ofUnit: [Int32]
  var count: Int { ofUnit.last.map { Int($0) + 1 } ?? 0 }

  init(_ units: TextUnits, bytes: [UInt8]) {
    let ranges = units.ranges
    let starts = Self.paragraphStarts(ranges, bytes)
    let ends = Self.paragraphEnds(ranges, starts)
    var ofUnit: [Int32] = []
    ofUnit.reserveCapacity(ranges.count)
    var (current, begin) = (Int32(0), ranges.first?.lowerBound ?? 0)
    for (unit, range) in ranges.enumerated() {
      if unit > 0 {
        let soFar = Int(ranges[unit - 1].upperBound - begin)
        let coming = Int(ends[unit] - range.lowerBound)
        let leaves = starts[unit] && (soFar >= Self.full || soFar >= Self.some && coming >= Self.some)
        if leaves || Int(range.upperBound - begin) > Self.most { (current, begin) = (current + 1, range.lowerBound) }
      }
      ofUnit.append(current)
    }
    self.ofUnit = ofUnit
  }

  /// Runs of units as long as a hundred words, whether paragraphs end in them or not.
  /// - Parameter begins: true where a unit has nothing to do with the one before it.
  init(stretchesOf units: TextUnits, begins: (Int) -> Bool) {
    var ofUnit: [Int32] = []
    ofUnit.reserveCapacity(units.ranges.count)
    var (current, begin) = (Int32(0), units.ranges.first?.lowerBound ?? 0)
    for (unit, range) in units.ranges.enumerated() {
      if unit > 0, Int(units.ranges[unit - 1].upperBound - begin) >= Self.stretch || begins(unit) {
        (current, begin) = (current + 1, range.lowerBound)
      }
      ofUnit.append(current)
    }
    self.ofUnit = ofUnit
  }

  /// Where a blank line stands before the unit.
  private static func paragraphStarts(_ ranges: [Range<Int32>], _ bytes: [UInt8]) -> [Bool] {
    ranges.indices.map { unit in
      unit == 0 || bytes[Int(ranges[unit - 1].upperBound)..<Int(ranges[unit].lowerBound)].count { $0 == 10 } > 1
    }
  }

  /// For each unit, the end of its paragraph.
  private static func paragraphEnds(_ ranges: [Range<Int32>], _ starts: [Bool]) -> [Int32] {
    var ends = ranges.map(\.upperBound)
    for unit in ranges.indices.dropLast().reversed() where !starts[unit + 1] { ends[unit] = ends[unit + 1] }
    return ends
  }
}
