import Foundation

/// How well each unit of a text matches a question's words (BM25, Robertson and
/// Zaragoza 2009, over a unit and its neighbours).
struct LexicalScores {
  private static let saturation = 1.2
  private static let lengthShare = 0.75
  /// Share of a neighbour's words that counts for a unit: an answer often stands
  /// beside the sentence that names its subject.
  private static let neighbourWeight = 0.5
  private static let mostTerms = 32

  let scores: [Double]
  private let counts: [[Float]]  // [terms][units], neighbours included
  private let weights: [Double]  // inverse document frequency of each term

  init(question: String, units: TextUnits, bytes: [UInt8]) {
    // A pasted page as a question would take memory for each of its words and units.
    let terms = Array(Set(Words.stems(of: question)).subtracting(Words.stop).sorted().prefix(Self.mostTerms))
    let slots = Dictionary(uniqueKeysWithValues: terms.enumerated().map { ($1, $0) })
    var own = [[Float]](repeating: [Float](repeating: 0, count: units.ranges.count), count: terms.count)
    var lengths = [Float](repeating: 0, count: units.ranges.count)
    for (unit, range) in units.ranges.enumerated() {
      Words.forEach(in: bytes[Int(range.lowerBound)..<Int(range.upperBound)]) { stem, _ in
        lengths[unit] += 1
        if let slot = slots[stem] { own[slot][unit] += 1 }
      }
    }
    let total = Double(max(units.ranges.count, 1))
    weights = own.map { row in
      let holding = Double(row.count { $0 > 0 })
      return log(1 + (total - holding + 0.5) / (holding + 0.5))
    }
    counts = own.map(Self.withNeighbours)
    scores = Self.bm25(counts, Self.withNeighbours(lengths), weights)
  }

  private static func withNeighbours(_ row: [Float]) -> [Float] {
    row.indices.map { index in
      let before = index > 0 ? row[index - 1] : 0
      let after = index + 1 < row.count ? row[index + 1] : 0
      return row[index] + Float(neighbourWeight) * (before + after)
    }
  }

  private static func bm25(_ counts: [[Float]], _ lengths: [Float], _ weights: [Double]) -> [Double] {
    let mean = Double(lengths.reduce(0, +)) / Double(max(lengths.count, 1))
    return lengths.indices.map { unit in
      let norm = saturation * (1 - lengthShare + lengthShare * Double(lengths[unit]) / max(mean, 1))
      return counts.indices.reduce(0) { sum, term in
        let count = Double(counts[term][unit])
        return sum + weights[term] * count * (saturation + 1) / (count + norm)
      }
    }
  }

  /// The share of the question's content, weighted by rarity, that units together name.
  func coverage(of units: [Int]) -> Double {
    let all = weights.reduce(0, +)
    guard all > 0 else { return 0 }
    let named = weights.indices.filter { term in units.contains { counts[term][$0] > 0 } }
    return named.reduce(0) { $0 + weights[$1] } / all
  }

  var hasTerms: Bool { !weights.isEmpty }
}
