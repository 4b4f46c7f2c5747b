import Foundation

/// How much each unit says of what the whole text is about: the mean weight of its
/// words, where a word weighs by its frequency in the text and by how unevenly it is
/// spread over sections (a SumBasic-like centroid, Nenkova and Vanderwende 2005).
package struct CentralScores {
  private static let sections = 64
  private static let idealWords = 12...45

  package let scores: [Double]

  package init(_ text: QuotableText) {
    let units = text.units
    let perSection = max(1, (units.ranges.count + Self.sections - 1) / Self.sections)
    var frequency: [UInt64: Double] = [:]
    var spread: [UInt64: (last: Int, count: Double)] = [:]
    for unit in units.ranges.indices where !units.boilerplate.contains(unit) {
      Words.forEach(in: text.bytes(ofUnit: unit)) { form in
        let stem = form.stem
        guard form.isWhole, form.range.count > 2, !Words.stop.contains(stem) else { return }
        frequency[stem, default: 0] += 1
        let section = unit / perSection
        if let seen = spread[stem] {
          if seen.last != section { spread[stem] = (section, seen.count + 1) }
        } else {
          spread[stem] = (section, 1)
        }
      }
    }

    let sectionCount = Double((units.ranges.count + perSection - 1) / perSection)
    let weight = frequency.mapValues { log(1 + $0) }.merging(
      spread.mapValues { log(2 + sectionCount / $0.count) }
    ) { $0 * $1 }
    scores = units.ranges.indices.map {
      units.boilerplate.contains($0) ? 0 : Self.score(text.bytes(ofUnit: $0), weight)
    }
  }

  private static func score(_ bytes: ArraySlice<UInt8>, _ weight: [UInt64: Double]) -> Double {
    var words = 0
    var seen: Set<UInt64> = []
    Words.forEach(in: bytes) { form in
      guard form.isWhole else { return }
      words += 1
      if weight[form.stem] != nil { seen.insert(form.stem) }
    }
    guard words > 0, seen.count > 3 else { return 0 }
    let mean = seen.reduce(0) { $0 + (weight[$1] ?? 0) } / Double(seen.count + 4)
    let length =
      idealWords.contains(words)
      ? 1 : words < idealWords.lowerBound ? Double(words) / Double(idealWords.lowerBound) : 0.8
    // Shouted lines are headings and tables of contents.
    let capitals = Double(bytes.count { (65...90).contains($0) }) / Double(bytes.count)

    return capitals > 0.25 ? 0 : mean * length
  }
}
