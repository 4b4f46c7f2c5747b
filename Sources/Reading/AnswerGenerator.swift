import Foundation
import Inference
import Tokenizer

/// Text that a model goes on with after a reading.
struct AnswerGenerator {
  let model: LanguageModel
  let tokenizer: Tokenizer

  struct Generated {
    let text: String
    let tokens: Int
    /// The probability of the token asked for as the first one.
    let firstTokenProbability: Double
  }

  /// The most likely continuation of a prompt; `state` stays as it is. The penalty keeps long
  /// texts from repeating themselves; short answers are better without one.
  /// - Throws: `ModelError`
  func generate(after prompt: [Int32], _ state: ReadingState, limit: Int, penalty: Double = 1, watching token: Int32 = 0) throws -> Generated
  {
    let fork = state.fork()
    var sampler = Sampler(SamplingOptions(repetitionPenalty: penalty))
    var generated: [Int32] = []
    var logits = try model.logits(after: prompt, state: fork)
    let probability = Self.probability(logits, Int(token))
    while generated.count < limit {
      let token = sampler.next(logits)
      if tokenizer.isControl(token) { break }
      generated.append(token)
      logits = try model.logits(after: [token], state: fork)
    }
    let text = Self.wholeSentences(tokenizer.decode(generated).filter { $0 != "\0" }, cut: generated.count == limit)
    return Generated(text: text, tokens: generated.count, firstTokenProbability: probability)
  }

  private static func probability(_ logits: [Float], _ token: Int) -> Double {
    let top = logits.max() ?? 0
    return Double(exp(logits[token] - top)) / logits.reduce(0.0) { $0 + Double(exp($1 - top)) }
  }

  /// Drops a sentence that the limit cut off, if another stands before it.
  private static func wholeSentences(_ text: String, cut: Bool) -> String {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard cut, let end = trimmed.lastIndex(where: { ".!?".contains($0) }) else { return trimmed }
    return String(trimmed[...end])
  }
}
