import Foundation

/// What a model answered to passages of a text. Empty where no passage matches.
///
/// Where words match one passage well, a small model reads it better alone than among others, so
/// each of the best is shown by itself and its answers are weighed (as open-domain readers do,
/// arXiv 1704.00051). Where no passage stands out, what it says depends on how much it is shown, so
/// several views are shown and have to agree.
struct Candidates {
  /// The one to give last.
  let all: [Candidate]
  /// The probability that the text does not answer.
  let refusal: Double

  /// True where none is a good answer.
  var areUnsure: Bool { all.last.map { $0.isUnsure(tuning) } ?? true }

  private let tuning: AnswerTuning

  private init(all: [Candidate], refusal: Double, _ tuning: AnswerTuning = .chosen) {
    self.tuning = tuning
    self.all = all
    self.refusal = all.last?.refuses == true ? 1 : refusal
  }

  /// Answers to different passages, one of which is the right one: the surest is given.
  init(alone candidates: [Candidate], _ tuning: AnswerTuning = .chosen) {
    let sorted = candidates.sorted { $0.weight(tuning) < $1.weight(tuning) }
    self.init(all: sorted, refusal: sorted.last?.refusal ?? 1, tuning)
  }

  /// Answers to several views of the same text: the one is given that says most of what the others
  /// say (minimum Bayes risk, Kumar and Byrne 2004, with the F1 of words as the gain), and what is
  /// doubted is the mean of the views' log odds.
  /// - Parameter others: have no say.
  init(
    agreeing candidates: [Candidate], besides others: [Candidate] = [],
    _ tuning: AnswerTuning = .chosen
  ) {
    let gains = candidates.map { one in
      one.refuses
        ? 0
        : exp(-one.penalty(tuning))
          * candidates.reduce(0) {
            $0 + $1.likelihood * Candidate.agreement(of: one.text, with: $1.text)
          }
    }
    // Of equals the first.
    let sorted = candidates.indices.sorted { (gains[$0], $1) < (gains[$1], $0) }.map {
      candidates[$0]
    }
    let odds =
      candidates.reduce(0) { $0 + LogOdds.of($1.refusal) } / Double(max(candidates.count, 1))
    self.init(all: others + sorted, refusal: LogOdds.probability(odds), tuning)
  }
}
