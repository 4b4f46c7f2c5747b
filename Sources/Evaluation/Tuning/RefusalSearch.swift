package import Answering
import Foundation

/// Chooses when to refuse, from what `model eval qa` and `model eval books` have recorded: no model
/// runs again.
package struct RefusalSearch {
  /// How a choice of constants does.
  package struct Outcome: Sendable, Encodable {
    package let threshold: Double
    package let wordsWeight: Double
    package let spread: Double
    /// Mean over all questions: the answer's F1 where there is one and it is given, 1 where none is
    /// and none is given.
    package let score: Double
    /// Shares of the questions.
    package let answerableRefused: Double
    package let unanswerableRecognised: Double
  }

  /// Of answerable questions, that may be refused.
  private static let mostRefused = 0.1

  private struct Item {
    let support: Support
    /// Of what the model would answer; nil where the text does not answer.
    let f1: Double?
  }

  private let items: [Item]

  /// - Parameter paths: of logs.
  /// - Throws: `EvaluationError.nothingToMeasure` when a log is of another suite, or of a reader
  ///   that recorded less.
  package init(logs paths: [String]) throws {
    var items: [Item] = []
    for path in paths {
      let recorded = try EvaluationLog.items(at: path)
      let usable = recorded.compactMap(Self.item)
      guard !usable.isEmpty, usable.count == recorded.count else {
        throw EvaluationError.nothingToMeasure(
          "\(path) is not a log of the suites qa or books as this program writes them; run "
            + "docproc model eval with --fresh")
      }
      items += usable
    }
    self.items = items
  }

  private static func item(_ recorded: EvaluationItem) -> Item? {
    guard let words = recorded.values["support_words"],
      let refusal = recorded.values["support_refusal"],
      let spread = recorded.values["support_spread"]
    else { return nil }
    let support = Support(words: words, refusal: refusal, isSpread: spread > 0)
    guard let expected = recorded.texts["expected"] else { return Item(support: support, f1: nil) }
    let answer = RecordedCandidate.given(recorded.texts)?.text ?? ""
    let f1 = AnswerMetrics.f1(answer, expected.components(separatedBy: " | "))
    return Item(support: support, f1: f1)
  }

  package func outcome(_ tuning: AnswerTuning) -> Outcome {
    var score = 0.0
    var answerable = 0
    var refused = 0
    var recognised = 0
    for item in items {
      let isAnswered = item.support.isEnough(tuning)
      if let f1 = item.f1 {
        answerable += 1
        if isAnswered { score += f1 } else { refused += 1 }
      } else if !isAnswered {
        recognised += 1
        score += 1
      }
    }

    let others = items.count - answerable
    return Outcome(
      threshold: tuning.threshold, wordsWeight: tuning.wordsWeight, spread: tuning.spread,
      score: score / Double(max(items.count, 1)),
      answerableRefused: Double(refused) / Double(max(answerable, 1)),
      unanswerableRecognised: Double(recognised) / Double(max(others, 1)))
  }

  /// The best of a grid, among those that refuse at most a tenth of the answerable questions; of
  /// equals the one nearest to what is chosen now.
  package func best() -> Outcome {
    var best = outcome(.chosen)
    for threshold in stride(from: -3.0, through: 3, by: 0.1) {
      for wordsWeight in [0.5, 0.75, 1, 1.25, 1.5] {
        for spread in [0.0, 0.5, 1, 1.5] {
          var tuning = AnswerTuning.chosen
          tuning.threshold = threshold
          tuning.wordsWeight = wordsWeight
          tuning.spread = spread
          let tried = outcome(tuning)
          let isAllowed = tried.answerableRefused <= Self.mostRefused
          let isBetter = tried.score > best.score || best.answerableRefused > Self.mostRefused
          if isAllowed && isBetter { best = tried }
        }
      }
    }

    return best
  }
}
