import Foundation
import Inference
import Reading
import Tokenizer

/// What is told of a text while it is written.
struct WritingProgress {
  let control: ReadingControl
  /// Tokens that were written before, of other texts.
  var before = 0
  /// True where no other text is written to choose from.
  var isOnly = true
}

/// Text that a model goes on with after a reading.
struct AnswerGenerator {
  private static let unlikely = 0.02
  /// Tokens from one report of the text so far to the next: decoding it takes a while.
  static let reportTokens = 4

  let model: LanguageModel
  let tokenizer: TextTokenizer
  /// True for a token that ends what is written.
  let ends: (Int32) -> Bool

  struct Generated {
    let text: String
    let ids: [Int32]
    var tokens: Int { ids.count }
    /// Mean log probability of the tokens and of the end, where it was reached.
    let confidence: Double
  }

  /// The probability that the model goes on with a token, and the state it does so from.
  struct Beginning {
    let state: ReadingState
    let logits: [Float]

    func probability(of token: Int32) -> Double { exp(logProbability(of: Int(token), logits)) }
  }

  /// How likely the model goes on with both tokens. The second is looked at only where the first is
  /// not unlikely by itself; elsewhere the first's probability stands for both.
  /// - Throws: `ModelError`
  func probability(of tokens: (first: Int32, second: Int32), after beginning: Beginning) throws
    -> Double
  {
    let first = beginning.probability(of: tokens.first)
    if first < Self.unlikely { return first }
    return try first * begin(after: [tokens.first], beginning.state).probability(of: tokens.second)
  }

  /// Reads a prompt; `state` stays as it is.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func begin(
    after prompt: [Int32], _ state: ReadingState, _ control: ReadingControl = ReadingControl()
  ) throws -> Beginning {
    let fork = state.fork()
    let logits = try model.logits(after: prompt, state: fork) { _ in try control.checkStop() }
    return Beginning(state: fork, logits: logits)
  }

  /// The most likely continuation that does not begin with `forbidden`. The penalty keeps long
  /// texts from repeating themselves; short answers are better without one.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func generate(
    from beginning: Beginning, limit: Int, penalty: Double = 1, forbidden: Int32? = nil,
    progress: WritingProgress
  ) throws -> Generated {
    let control = progress.control
    var sampler = Sampler(SamplingOptions(repetitionPenalty: penalty))
    var generated: [Int32] = []
    var logits = beginning.logits
    var sum = 0.0
    var counted = 0
    if let forbidden, logits.indices.contains(Int(forbidden)) {
      logits[Int(forbidden)] = -.infinity
    }
    while generated.count < limit {
      try control.checkStop()
      let token = sampler.next(logits)
      sum += logProbability(of: Int(token), logits)
      counted += 1
      if ends(token) { break }
      generated.append(token)
      if generated.count % Self.reportTokens == 0 {
        let text = progress.isOnly ? tokenizer.decode(generated) : nil
        control.writing(progress.before + generated.count, text)
      }
      logits = try model.logits(after: [token], state: beginning.state)
    }

    let text = Self.wholeSentences(
      tokenizer.decode(generated).filter { $0 != "\0" }, cut: generated.count == limit)

    return Generated(text: text, ids: generated, confidence: sum / Double(max(counted, 1)))
  }

  /// Drops a sentence that the limit cut off, if another stands before it.
  private static func wholeSentences(_ text: String, cut: Bool) -> String {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard cut, let end = trimmed.lastIndex(where: { ".!?".contains($0) }) else { return trimmed }
    return String(trimmed[...end])
  }
}
