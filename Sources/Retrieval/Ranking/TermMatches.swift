import Foundation

/// Where a question's terms stand in a text.
struct TermMatches {
  /// Words of each unit.
  let lengths: [Double]
  private let exact: [[Place]]  // of each term, in the text's order
  private let alike: [[Int32]]  // units of words that begin as the term does, itself included
  /// Units in which each term is defined, of terms that are names.
  let defining: [Set<Int32>]

  /// Rows of tables under the units that name their columns.
  private let headed: [Int: [Int32]]

  private struct Place {
    let position: Int
    let unit: Int32
  }

  /// - Parameter withBoilerplate: false where no unit of it counts.
  init(_ terms: [QuestionTerms.Term], in text: QuotableText, withBoilerplate: Bool) {
    let units = text.units.ranges.indices
    let leftOut = withBoilerplate ? IndexSet() : text.units.boilerplate
    let stems = Dictionary(uniqueKeysWithValues: terms.enumerated().map { ($1.stem, $0) })
    let likenesses = Dictionary(grouping: terms.indices.filter { terms[$0].likeness != nil }) {
      terms[$0].likeness ?? 0
    }
    var exact = [[Place]](repeating: [], count: terms.count)
    var alike = [[Int32]](repeating: [], count: terms.count)
    var lengths = [Double](repeating: 0, count: units.count)
    var defining = [Set<Int32>](repeating: [], count: terms.count)
    var position = 0
    for unit in units where !leftOut.contains(unit) {
      let bytes = text.bytes(ofUnit: unit)
      var previous: UInt64?
      Words.forEach(in: bytes) { form in
        if form.isWhole {
          lengths[unit] += 1
          position += 1
        }
        if let term = stems[form.stem] {
          exact[term].append(Place(position: position, unit: Int32(unit)))
          if terms[term].isName, form.isWhole,
            CodeNames.isDefined(form.range, after: previous, in: bytes)
          {
            defining[term].insert(Int32(unit))
          }
        }
        if form.isWhole { previous = form.stem }
        guard let likeness = form.likeness else { return }
        for term in likenesses[likeness] ?? [] { alike[term].append(Int32(unit)) }
      }
    }

    headed = text.units.headed
    self.exact = exact
    self.alike = alike
    self.lengths = lengths
    self.defining = defining
  }

  /// How often a term stands in each unit that has it; words that are only alike count `likeness`.
  func counts(ofTerm term: Int, likeness: Double) -> [Int32: Double] {
    var counts: [Int32: Double] = [:]
    for place in exact[term] { counts[place.unit, default: 0] += 1 }
    if likeness == 0 { return inherited(counts) }
    let all = Dictionary(alike[term].map { ($0, 1.0) }, uniquingKeysWith: +)
    for (unit, count) in all where count > counts[unit, default: 0] {
      counts[unit, default: 0] += likeness * (count - counts[unit, default: 0])
    }

    return inherited(counts)
  }

  /// A column's name counts in each of its rows; by itself it answers nothing.
  private func inherited(_ counts: [Int32: Double]) -> [Int32: Double] {
    var counts = counts
    for (header, rows) in headed {
      guard let count = counts.removeValue(forKey: Int32(header)) else { continue }
      for row in rows { counts[row, default: 0] += count }
    }
    return counts
  }

  /// The units in which one term is followed by another no further away than in the question.
  func units(of pair: QuestionTerms.Pair, slack: Int) -> Set<Int32> {
    var units: Set<Int32> = []
    let following = exact[pair.second]
    var at = 0
    for place in exact[pair.first] {
      while at < following.count, following[at].position <= place.position { at += 1 }
      if at == following.count { break }
      if following[at].position - place.position <= pair.distance + slack {
        units.insert(place.unit)
      }
    }

    return units
  }
}
