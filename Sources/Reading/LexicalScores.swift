import Foundation

/// How well each unit of a text matches a question's words: BM25 (Robertson and Zaragoza 2009)
/// over the unit and over its block, and more where words that follow each other in the question
/// do so in the text. Weights were chosen on SQuAD's training articles. In a codebase a unit that
/// defines what the question names comes before those that use it.
struct LexicalScores {
  private struct Field {
    let weight, saturation, lengthShare: Double

    /// BM25's gain for a count in a text of a length.
    func gain(_ count: Double, _ length: Double, mean: Double) -> Double {
      weight * count * (saturation + 1)
        / (count + saturation * (1 - lengthShare + lengthShare * length / mean))
    }
    /// What no count exceeds.
    var most: Double { weight * (saturation + 1) }
  }

  private static let unitField = Field(weight: 0.5, saturation: 0.9, lengthShare: 0.6)
  private static let blockField = Field(weight: 1, saturation: 1.2, lengthShare: 0.8)
  /// What a word counts that only begins as the question's does.
  private static let likeness = 0.4
  /// Words more than in the question that may stand between two words that follow each other.
  private static let slack = 1
  private static let pairInUnit = 0.6
  private static let pairInBlock = 0.3
  /// What a name's definition counts more than its uses: as much as the most of these.
  private static let definition = 2.0

  /// Of each unit.
  let scores: [Double]
  let blocks: TextBlocks
  /// The score of a unit and a block full of the question's words.
  let best: Double
  private let question: QuestionTerms
  private let matches: TermMatches

  var hasTerms: Bool { best > 0 }

  init(question: String, units: TextUnits, blocks: TextBlocks, bytes: [UInt8]) {
    let question = QuestionTerms(question, ofCode: units.isCode)
    self.init(question, TermMatches(question.terms, units, bytes), blocks)
  }

  /// The same words over other blocks, without reading the text again.
  func over(_ blocks: TextBlocks) -> LexicalScores { LexicalScores(question, matches, blocks) }

  private init(_ question: QuestionTerms, _ matches: TermMatches, _ blocks: TextBlocks) {
    let weights = question.terms.indices.map {
      Self.weight(matches.counts(ofTerm: $0, likeness: 0), blocks, or: matches, $0)
    }
    var scores = [Double](repeating: 0, count: matches.lengths.count)
    let lengths = Lengths(matches.lengths, blocks)
    for (term, weight) in weights.enumerated() {
      Self.add(
        weight, matches.counts(ofTerm: term, likeness: Self.likeness), lengths, blocks, to: &scores)
    }

    for pair in question.pairs {
      let weight = (weights[pair.first] + weights[pair.second]) / 2
      Self.add(pairs: matches.units(of: pair, slack: Self.slack), weight, blocks, to: &scores)
    }

    if question.asksForDefinitions {
      for (term, weight) in weights.enumerated() {
        for unit in matches.defining[term] { scores[Int(unit)] += Self.definition * weight }
      }
    }

    self.scores = scores
    self.blocks = blocks
    self.question = question
    self.matches = matches
    best = weights.reduce(0, +) * (Self.unitField.most + Self.blockField.most)
  }

  /// Rarity among blocks, of the word itself, or where it stands nowhere of those like it.
  private static func weight(
    _ exact: [Int32: Double], _ blocks: TextBlocks, or matches: TermMatches, _ term: Int
  ) -> Double {
    let counts = exact.isEmpty ? matches.counts(ofTerm: term, likeness: likeness) : exact
    let holding = Double(Set(counts.keys.map { blocks.ofUnit[Int($0)] }).count)
    return log(1 + (Double(blocks.count) - holding + 0.5) / (holding + 0.5))
  }

  /// Words of units and blocks, and the mean of each.
  private struct Lengths {
    let units, blocks: [Double]
    let unitMean, blockMean: Double

    init(_ units: [Double], _ blocks: TextBlocks) {
      var sums = [Double](repeating: 0, count: blocks.count)
      for (unit, length) in units.enumerated() { sums[Int(blocks.ofUnit[unit])] += length }
      self.units = units
      self.blocks = sums
      let total = units.reduce(0, +)
      unitMean = max(total / Double(max(units.count, 1)), 1)
      blockMean = max(total / Double(max(blocks.count, 1)), 1)
    }
  }

  private static func add(
    _ weight: Double, _ counts: [Int32: Double], _ lengths: Lengths, _ blocks: TextBlocks,
    to scores: inout [Double]
  ) {
    var inBlocks: [Int32: Double] = [:]
    // In the text's order: sums of floating-point numbers depend on theirs.
    for (unit, count) in counts.sorted(by: { $0.key < $1.key }) {
      inBlocks[blocks.ofUnit[Int(unit)], default: 0] += count
      scores[Int(unit)] +=
        weight * unitField.gain(count, lengths.units[Int(unit)], mean: lengths.unitMean)
    }

    let gains = Dictionary(
      uniqueKeysWithValues: inBlocks.map {
        ($0, weight * blockField.gain($1, lengths.blocks[Int($0)], mean: lengths.blockMean))
      })
    for unit in scores.indices { if let gain = gains[blocks.ofUnit[unit]] { scores[unit] += gain } }
  }

  private static func add(
    pairs units: Set<Int32>, _ weight: Double, _ blocks: TextBlocks, to scores: inout [Double]
  ) {
    if units.isEmpty { return }
    let inBlocks = Set(units.map { blocks.ofUnit[Int($0)] })
    for unit in scores.indices where inBlocks.contains(blocks.ofUnit[unit]) {
      scores[unit] += weight * (pairInBlock + (units.contains(Int32(unit)) ? pairInUnit : 0))
    }
  }
}
