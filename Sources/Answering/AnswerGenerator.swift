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

    /// The same, to go on from in another way.
    func fork() -> Beginning { Beginning(state: state.fork(), logits: logits) }

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

  /// From where something is written, and what it must not begin with.
  struct Start {
    let beginning: Beginning
    var forbidden: Int32?
    /// How its tokens are drawn; nil: the most likely ones.
    var sampling: SamplingOptions?
  }

  /// The most likely continuation.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func generate(
    from beginning: Beginning, limit: Int, penalty: Double = 1, progress: WritingProgress
  ) throws -> Generated {
    try generate(
      from: [Start(beginning: beginning)], limit: limit, penalty: penalty, progress: progress)[0]
  }

  /// The most likely continuations, token by token together. The penalty keeps long texts from
  /// repeating themselves; short answers are better without one.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func generate(
    from starts: [Start], limit: Int, penalty: Double = 1, progress: WritingProgress
  ) throws -> [Generated] {
    let control = progress.control
    var texts = starts.map { Writing($0, penalty) }
    var reported = 0
    while true {
      let going = texts.indices.filter { !texts[$0].isDone && texts[$0].ids.count < limit }
      if going.isEmpty { break }
      try control.checkStop()
      for index in going { texts[index].next(ends) }
      let written = going.filter { !texts[$0].isDone && texts[$0].ids.count < limit }
      let count = texts.reduce(0) { $0 + $1.ids.count }
      if count >= reported + Self.reportTokens {
        reported = count
        let text = progress.isOnly ? tokenizer.decode(texts[0].ids) : nil
        control.writing(progress.before + count, text)
      }
      let logits = try logits(after: written.map { (texts[$0].ids.last ?? 0, texts[$0].state) })
      for (index, own) in zip(written, logits) { texts[index].logits = own }
    }
    return texts.map { generated($0, limit) }
  }

  /// A continuation drawn as wanted, whole however it ends: what is reported of it stays.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func goOn(
    from beginning: Beginning, limit: Int, _ sampling: SamplingOptions, progress: WritingProgress
  ) throws -> Generated {
    let control = progress.control
    var sampler = Sampler(sampling)
    var (logits, ids, sum) = (beginning.logits, [Int32](), 0.0)
    while ids.count < limit {
      try control.checkStop()
      let token = sampler.next(logits)
      sum += logProbability(of: Int(token), logits)
      if ends(token) { break }
      ids.append(token)
      if ids.count % Self.reportTokens == 0 {
        // A character may need more tokens.
        let text = decoded(ids)
        control.writing(
          progress.before + ids.count, text.hasSuffix("\u{FFFD}") ? String(text.dropLast()) : text)
      }
      logits = try model.logits(after: [token], state: beginning.state)
    }
    return Generated(text: decoded(ids), ids: ids, confidence: sum / Double(max(ids.count, 1)))
  }

  private func decoded(_ ids: [Int32]) -> String {
    let text = tokenizer.decode(ids).filter { $0 != "\0" }
    return String(text.drop(while: \.isWhitespace))
  }

  /// One of the texts that are written together.
  private struct Writing {
    let state: ReadingState
    var logits: [Float]
    var ids: [Int32] = []
    var isDone = false
    private(set) var sum = 0.0
    private(set) var counted = 0
    private var sampler: Sampler

    init(_ start: Start, _ penalty: Double) {
      state = start.beginning.state
      logits = start.beginning.logits
      sampler = Sampler(start.sampling ?? SamplingOptions(repetitionPenalty: penalty))
      if let forbidden = start.forbidden, logits.indices.contains(Int(forbidden)) {
        logits[Int(forbidden)] = -.infinity
      }
    }

    /// Chooses the next token, or the end.
    mutating func next(_ ends: (Int32) -> Bool) {
      let token = sampler.next(logits)
      sum += logProbability(of: Int(token), logits)
      counted += 1
      if ends(token) {
        isDone = true
      } else {
        ids.append(token)
      }
    }
  }

  private func logits(after tokens: [(token: Int32, state: ReadingState)]) throws -> [[Float]] {
    switch tokens.count {
    case 0: []
    case 1: [try model.logits(after: [tokens[0].token], state: tokens[0].state)]
    default: try model.logits(afterEach: tokens)
    }
  }

  private func generated(_ writing: Writing, _ limit: Int) -> Generated {
    let text = Self.wholeSentences(
      tokenizer.decode(writing.ids).filter { $0 != "\0" }, cut: writing.ids.count == limit)
    return Generated(
      text: text, ids: writing.ids, confidence: writing.sum / Double(max(writing.counted, 1)))
  }

  /// Drops a sentence that the limit cut off, if another stands before it.
  private static func wholeSentences(_ text: String, cut: Bool) -> String {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard cut, let end = trimmed.lastIndex(where: { ".!?".contains($0) }) else { return trimmed }
    return String(trimmed[...end])
  }
}
