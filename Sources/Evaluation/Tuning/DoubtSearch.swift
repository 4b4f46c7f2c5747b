package import Answering
import Foundation

/// Chooses which answers are given as uncertain, from what `model eval qa` and `model eval books`
/// have recorded: no model runs again.
package struct DoubtSearch {
  /// How a choice of constants does, on answers that are given.
  package struct Outcome: Sendable, Encodable {
    package let doubtful: Double
    package let doubtWords: Double
    package let right: Int
    package let wrong: Int
    /// Shares of these that are given as uncertain.
    package let rightMarked: Double
    package let wrongMarked: Double

    /// Youden's J (1950): the two shares' difference.
    package var gain: Double { wrongMarked - rightMarked }
  }

  /// F1 of an answer that counts as right.
  private static let right = 0.5

  private struct Item {
    let candidate: Candidate
    let support: Support
    let isRight: Bool
  }

  private let items: [Item]

  /// - Parameter paths: of logs.
  /// - Throws: `EvaluationError.nothingToMeasure` when no answer is recorded in them.
  package init(logs paths: [String]) throws {
    items = try paths.flatMap { try EvaluationLog.items(at: $0).compactMap(Self.item) }
    guard !items.isEmpty else {
      throw EvaluationError.nothingToMeasure(
        "these logs hold no answers of the suites qa or books as this program writes them")
    }
  }

  private static func item(_ recorded: EvaluationItem) -> Item? {
    guard let words = recorded.values["support_words"],
      let refusal = recorded.values["support_refusal"],
      let spread = recorded.values["support_spread"],
      let expected = recorded.texts["expected"],
      let given = RecordedCandidate.given(recorded.texts)
    else { return nil }
    let support = Support(words: words, refusal: refusal, isSpread: spread > 0)
    guard support.isEnough() else { return nil }
    let f1 = AnswerMetrics.f1(given.text, expected.components(separatedBy: " | "))
    return Item(candidate: given.candidate, support: support, isRight: f1 >= right)
  }

  package func outcome(_ tuning: AnswerTuning) -> Outcome {
    let marked = items.filter { $0.candidate.sureness($0.support, tuning) < tuning.doubtful }
    let right = items.count(where: \.isRight)
    let wrong = items.count - right
    let rightMarked = marked.count(where: \.isRight)
    return Outcome(
      doubtful: tuning.doubtful, doubtWords: tuning.doubtWords, right: right, wrong: wrong,
      rightMarked: Double(rightMarked) / Double(max(right, 1)),
      wrongMarked: Double(marked.count - rightMarked) / Double(max(wrong, 1)))
  }

  /// The best of a grid; of equals the one nearest to what is chosen now.
  package func best() -> Outcome {
    var best = outcome(.chosen)
    for doubtWords in [0.0, 0.25, 0.5, 1] {
      for doubtful in stride(from: -4.0, through: 0, by: 0.05) {
        var tuning = AnswerTuning.chosen
        tuning.doubtWords = doubtWords
        tuning.doubtful = doubtful
        let tried = outcome(tuning)
        if tried.gain > best.gain { best = tried }
      }
    }
    return best
  }
}
