/// The constants of retrieval that were chosen on development data, and on nothing else.
///
/// `docproc model tune retrieval` chooses them anew. They were chosen on SQuAD 1.1's training
/// articles (words and blocks), and on articles, tales and books that training did not see
/// (what evidence is). `definition` is no choice of a figure: it is the most that words can give.
package struct RetrievalTuning: Sendable, Equatable, Codable {
  /// BM25's parameters for one length of text.
  package struct Field: Sendable, Equatable, Codable {
    package var weight: Double
    /// k1: how soon a word that comes again counts no more.
    package var saturation: Double
    /// b: how much a text's length counts.
    package var lengthShare: Double

    /// What no count exceeds.
    var most: Double { weight * (saturation + 1) }

    /// BM25's gain for a count in a text of a length.
    func gain(_ count: Double, _ length: Double, mean: Double) -> Double {
      let normal = saturation * (1 - lengthShare + lengthShare * length / mean)
      return weight * count * (saturation + 1) / (count + normal)
    }
  }

  /// Sizes of blocks, in bytes.
  package struct Blocks: Sendable, Equatable, Codable {
    /// From here on a block is left at the next paragraph.
    package var full = 600
    /// From here on it is left for a paragraph as long as this.
    package var some = 200
    /// No block of several units exceeds it.
    package var most = 1600
    /// From here on a stretch ends.
    package var stretch = 550
  }

  package var unit = Field(weight: 0.5, saturation: 0.9, lengthShare: 0.6)
  package var block = Field(weight: 1, saturation: 1.2, lengthShare: 0.8)
  /// What a word counts that only begins as the question's does.
  package var likeness = 0.4
  /// Words more than in the question that may stand between two words that follow each other.
  package var slack = 1
  /// What such a pair counts in its unit, and in its block.
  package var pairInUnit = 0.6
  package var pairInBlock = 0.3
  /// What a name's definition counts more than its uses: as much as the most of these.
  package var definition = 2.0

  /// Attention's share beside the words' match.
  package var attentionShare = 0.1
  /// What an answer's words count beside the question's, where its quotes are chosen.
  package var answerShare = 0.5
  /// Share of an answer's words below which a quote does not hold it, where another one does.
  package var heldShare = 0.5
  /// Share of the best score below which a unit is no evidence.
  package var leastShare = 0.25
  /// What a unit counts that asks itself.
  package var questionShare = 0.5
  /// Share of the best score above which the third best block says as much of the question.
  package var equalShare = 0.8
  /// Support from which on a passage says so much of the question that it may well answer it
  /// alone.
  package var enough = 0.5

  package var blocks = Blocks()

  package init() {}

  package static let chosen = RetrievalTuning()
}
