import Foundation

/// log softmax(logits)[token], summed in double precision.
package func logProbability(of token: Int, _ logits: [Float]) -> Double {
  // A tokenizer may know more tokens than its model.
  guard logits.indices.contains(token) else { return -.infinity }
  let top = logits.max() ?? 0
  return Double(logits[token] - top) - log(logits.reduce(0.0) { $0 + Double(exp($1 - top)) })
}
