import Foundation

/// How well each unit of a text matches a question's words: BM25 (Robertson and Zaragoza 2009)
/// over the unit and over its block, and more where words that follow each other in the question
/// do so in the text. Weights: `RetrievalTuning`. In a codebase a unit that
/// defines what the question names comes before those that use it.
package struct LexicalScores {
  /// Of each unit.
  package let scores: [Double]
  package let blocks: TextBlocks
  /// The score of a unit and a block full of the question's words.
  package let best: Double
  private let question: QuestionTerms
  private let matches: TermMatches
  private let tuning: RetrievalTuning

  package var hasTerms: Bool { best > 0 }

  package init(_ question: Question, _ text: QuotableText) {
    let terms = QuestionTerms(question, ofCode: text.units.isCode)
    let matches = TermMatches(
      terms.terms, in: text, withBoilerplate: Boilerplate.isAsked(by: question))
    self.init(terms, matches, text.blocks, text.tuning)
  }

  /// Of the words' weight what each unit holds, 0 to 1, of units that hold any.
  var shares: [Int: Double] {
    let sum = Sum(matches, blocks, tuning)
    let weights = question.terms.indices.map { sum.rarity(ofTerm: $0) }
    let total = max(weights.reduce(0, +), 1e-9)
    var shares: [Int: Double] = [:]
    for (term, weight) in weights.enumerated() {
      for unit in matches.counts(ofTerm: term, likeness: 0).keys {
        shares[Int(unit), default: 0] += weight / total
      }
    }
    return shares
  }

  /// The same words over other blocks, without reading the text again.
  package func over(_ blocks: TextBlocks) -> LexicalScores {
    LexicalScores(question, matches, blocks, tuning)
  }

  private init(
    _ question: QuestionTerms, _ matches: TermMatches, _ blocks: TextBlocks,
    _ tuning: RetrievalTuning
  ) {
    var sum = Sum(matches, blocks, tuning)
    let weights = question.terms.indices.map { sum.rarity(ofTerm: $0) }
    for (term, weight) in weights.enumerated() { sum.add(term: term, weight) }
    for pair in question.pairs {
      sum.add(pair, (weights[pair.first] + weights[pair.second]) / 2)
    }

    if question.asksForDefinitions {
      for (term, weight) in weights.enumerated() { sum.add(definitionsOf: term, weight) }
    }

    scores = sum.scores
    best = weights.reduce(0, +) * (tuning.unit.most + tuning.block.most)
    self.blocks = blocks
    self.question = question
    self.matches = matches
    self.tuning = tuning
  }
}

/// Scores while they are added up, term by term.
private struct Sum {
  private let matches: TermMatches
  private let blocks: TextBlocks
  private let tuning: RetrievalTuning
  private let lengths: Lengths
  /// Of each unit.
  private(set) var scores: [Double]

  init(_ matches: TermMatches, _ blocks: TextBlocks, _ tuning: RetrievalTuning) {
    self.matches = matches
    self.blocks = blocks
    self.tuning = tuning
    lengths = Lengths(matches.lengths, blocks)
    scores = [Double](repeating: 0, count: matches.lengths.count)
  }

  /// Rarity among blocks, of the word itself, or where it stands nowhere of those like it.
  func rarity(ofTerm term: Int) -> Double {
    let exact = matches.counts(ofTerm: term, likeness: 0)
    let counts = exact.isEmpty ? matches.counts(ofTerm: term, likeness: tuning.likeness) : exact
    let holding = Double(Set(counts.keys.map { blocks.ofUnit[Int($0)] }).count)
    return log(1 + (Double(blocks.count) - holding + 0.5) / (holding + 0.5))
  }

  mutating func add(term: Int, _ weight: Double) {
    var inBlocks: [Int32: Double] = [:]
    let counts = matches.counts(ofTerm: term, likeness: tuning.likeness)
    // In the text's order: sums of floating-point numbers depend on theirs.
    for (unit, count) in counts.sorted(by: { $0.key < $1.key }) {
      inBlocks[blocks.ofUnit[Int(unit)], default: 0] += count
      let length = lengths.units[Int(unit)]
      scores[Int(unit)] += weight * tuning.unit.gain(count, length, mean: lengths.unitMean)
    }

    var gains: [Int32: Double] = [:]
    for (block, count) in inBlocks {
      let length = lengths.blocks[Int(block)]
      gains[block] = weight * tuning.block.gain(count, length, mean: lengths.blockMean)
    }

    for unit in scores.indices { if let gain = gains[blocks.ofUnit[unit]] { scores[unit] += gain } }
  }

  mutating func add(_ pair: QuestionTerms.Pair, _ weight: Double) {
    let units = matches.units(of: pair, slack: tuning.slack)
    if units.isEmpty { return }
    let inBlocks = Set(units.map { blocks.ofUnit[Int($0)] })
    for unit in scores.indices where inBlocks.contains(blocks.ofUnit[unit]) {
      let own = units.contains(Int32(unit)) ? tuning.pairInUnit : 0
      scores[unit] += weight * (tuning.pairInBlock + own)
    }
  }

  mutating func add(definitionsOf term: Int, _ weight: Double) {
    for unit in matches.defining[term] { scores[Int(unit)] += tuning.definition * weight }
  }
}

/// Words of units and blocks, and the mean of each.
private struct Lengths {
  let units: [Double]
  let blocks: [Double]
  let unitMean: Double
  let blockMean: Double

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
