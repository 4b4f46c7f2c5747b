package import Inference
import Foundation

/// How well a model predicts text: exp of the mean negative log-likelihood of the next token.
package struct Perplexity: Sendable {
  package private(set) var tokens = 0
  /// Of all tokens together, in nats.
  package private(set) var negativeLogLikelihood = 0.0

  package init() {}

  /// What was measured before, of `tokens` tokens.
  package init(negativeLogLikelihood: Double, tokens: Int) {
    self.negativeLogLikelihood = negativeLogLikelihood
    self.tokens = tokens
  }

  package static func += (sum: inout Perplexity, other: Perplexity) {
    sum.negativeLogLikelihood += other.negativeLogLikelihood
    sum.tokens += other.tokens
  }

  package var value: Double { exp(negativeLogLikelihood / Double(max(tokens, 1))) }

  /// Adds the prediction of every token of `ids` from those before it, from an empty state.
  /// - Throws: `ModelError`, as `LanguageModel.forEachLogits`.
  package mutating func add(_ ids: [Int32], model: LanguageModel) throws {
    var sum = 0.0
    try model.forEachLogits(of: ids, state: model.makeState()) { index, logits in
      if index + 1 < ids.count { sum -= logProbability(of: Int(ids[index + 1]), logits) }
    }
    negativeLogLikelihood += sum
    tokens += ids.count - 1
  }
}
