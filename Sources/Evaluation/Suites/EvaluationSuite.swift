import Foundation
package import Answering
import Inference
import Reading

/// Something that can be measured of an answerer.
package protocol EvaluationSuite {
  /// All that its items depend on besides the model: goes into the log's name.
  var parameters: String { get }
  /// Texts that it reads besides the data sets.
  var texts: [String] { get }
  /// Data sets that it reads.
  var files: [String] { get }
  /// Means that are shown divided by each other.
  var ratios: [(name: String, of: String, to: String)] { get }
  /// Measures what the log does not have yet. Deterministic.
  /// - Throws: `EvaluationError`, `ReadingError`, `ModelError`
  func run(_ answerer: Answerer, _ data: EvaluationData, _ log: EvaluationLog) throws
}

extension EvaluationSuite {
  package var files: [String] { [] }
  package var texts: [String] { [] }
  package var ratios: [(name: String, of: String, to: String)] { [] }
}

extension SplitMix64 {
  /// The choices of one part of a suite. Seeds that follow each other are spread far apart.
  init(choices seed: Int) {
    self.init(seed: UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15)
  }
}

extension WeighedAnswer {
  /// By which logs name them, as JSON.
  static let recorded = "weighed"
}

extension Answer {
  /// What spoke for and against an answer, from which a threshold of refusing is chosen.
  var supportValues: [String: Double] {
    [
      "support_words": support?.words ?? 1, "support_refusal": support?.refusal ?? 0,
      "support_spread": support?.isSpread == true ? 1 : 0,
    ]
  }

  /// The answers that were weighed, with their energies; nothing where none were.
  var weighedTexts: [String: String] {
    guard !weighed.isEmpty, let data = try? JSONEncoder().encode(weighed) else { return [:] }
    return [WeighedAnswer.recorded: String(decoding: data, as: UTF8.self)]
  }

  /// Refusal, confidence, match and text of each candidate.
  var candidateTexts: [String: String] {
    let lines = candidates.map { "\($0.refusal) \($0.confidence) \($0.match) \($0.text)" }
    let texts = Dictionary(
      uniqueKeysWithValues: lines.enumerated().map { ("candidate_\($0)", $1) })
    return texts.merging(weighedTexts) { $1 }
  }
}
