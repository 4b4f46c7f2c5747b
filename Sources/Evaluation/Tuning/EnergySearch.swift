package import Answering
import Foundation

/// Chooses what each term of an answer's energy counts, from what `model eval qa --effort N` and
/// `model eval books --effort N` have recorded: no model runs again.
package struct EnergySearch {
  /// How answers of the lowest energy do.
  package struct Outcome: Sendable, Encodable {
    package let weights: EnergyWeights
    package let questions: Int
    /// Mean F1 of the most likely answers, by the number of answers that are weighed, and of the
    /// best one that was among them; each less that of the most likely one, with its standard error.
    package let f1: [String: Double]
    package let gain: [String: Double]
    package let error: [String: Double]
    package let best: [String: Double]
  }

  private struct Item {
    let weighed: [WeighedAnswer]
    let f1: [Double]
  }

  private let items: [Item]
  private let counts: [Int]

  /// - Parameter paths: of logs.
  /// - Throws: `EvaluationError.nothingToMeasure` when nothing was weighed in them.
  package init(logs paths: [String]) throws {
    let items = try paths.flatMap { try EvaluationLog.items(at: $0).compactMap(Self.item) }
    guard !items.isEmpty else {
      throw EvaluationError.nothingToMeasure(
        "these logs hold no answers that were weighed: measure with --effort 2 or more")
    }
    self.items = items
    let most = items.map(\.weighed.count).max() ?? 1
    counts = [1, 2, 4, 8, 16, 32].filter { $0 <= most }
  }

  private static func item(_ recorded: EvaluationItem) -> Item? {
    guard let text = recorded.texts[WeighedAnswer.recorded],
      let expected = recorded.texts["expected"]?.components(separatedBy: " | "),
      let weighed = try? JSONDecoder().decode([WeighedAnswer].self, from: Data(text.utf8)),
      weighed.count > 1
    else { return nil }
    return Item(
      weighed: weighed, f1: weighed.map { AnswerMetrics.f1($0.text, expected) })
  }

  /// The F1 of the answer that is given of the first so many.
  private func f1(_ item: Item, of count: Int, _ weights: EnergyWeights) -> Double {
    let texts = item.weighed.prefix(count).map(\.text)
    let energies = texts.indices.map { index -> Double in
      let terms = item.weighed[index].terms
      return AnswerEnergy(
        document: terms.document, prior: terms.prior,
        disagreement: AnswerWriter.disagreement(of: index, texts),
        unsupported: terms.unsupported
      ).total(weights)
    }
    let usable = texts.indices.filter { !texts[$0].isEmpty }
    let best = usable.min { (energies[$0], $0) < (energies[$1], $1) } ?? 0
    return item.f1[best]
  }

  package func outcome(_ weights: EnergyWeights) -> Outcome {
    var (f1, gain, error, best) = (
      [String: Double](), [String: Double](), [String: Double](), [String: Double]()
    )
    for count in counts {
      let given = items.map { self.f1($0, of: count, weights) }
      let differences = zip(given, items).map { $0 - $1.f1[0] }
      let mean = differences.reduce(0, +) / Double(items.count)
      let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      f1["\(count)"] = given.reduce(0, +) / Double(items.count)
      gain["\(count)"] = mean
      error["\(count)"] = (variance / Double(max(items.count - 1, 1)) / Double(items.count))
        .squareRoot()
      best["\(count)"] =
        items.reduce(0) { $0 + ($1.f1.prefix(count).max() ?? 0) } / Double(items.count)
    }
    return Outcome(
      weights: weights, questions: items.count, f1: f1, gain: gain, error: error, best: best)
  }

  /// The best of a grid with as many answers as were recorded; of equals the one that comes first,
  /// with the smallest weights.
  package func best() -> Outcome {
    let most = counts.last ?? 1
    var best: (mean: Double, weights: EnergyWeights)?
    for disagreement in [0, 0.5, 1, 2, 4, 8.0] {
      for unsupported in [0, 0.5, 1, 2, 4.0] {
        for prior in [0, 0.25, 0.5, 1.0] {
          let weights = EnergyWeights(
            document: 1, prior: prior, disagreement: disagreement, unsupported: unsupported)
          let mean = items.reduce(0) { $0 + f1($1, of: most, weights) } / Double(items.count)
          if best.map({ mean > $0.mean + 1e-9 }) ?? true { best = (mean, weights) }
        }
      }
    }
    return outcome(best?.weights ?? EnergyWeights())
  }
}
