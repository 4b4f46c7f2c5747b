import Constraints
import Inference
import Reading
import Schemas
import Tokenizer

/// What an answer's values are held to, beside its grammar.
struct HeldTexts {
  var verbatim: VerbatimFilter?
  var known = KnownValues()

  func trimmed(_ value: JSONTree) -> JSONTree {
    var verbatim = verbatim
    return verbatim?.trimmed(value) ?? value
  }

  /// A value that is known and may stand here, as tokens.
  mutating func next(_ outline: JSONOutline, _ constraint: OutputConstraint) throws -> [Int32]? {
    guard let text = known.next(outline) else { return nil }
    return try constraint.take(text: text)
  }
}

/// What was written under a grammar.
struct ConstrainedText {
  let text: String
  let ids: [Int32]
  /// Of these nobody asked the model: nothing else may stand there.
  let forcedTokens: Int
  /// False where the limit cut it off.
  let isComplete: Bool
  /// That each choice's mask took.
  let maskSeconds: [Double]
}

extension AnswerGenerator {
  /// Of the tokens of an answer, the share after which it is brought to its end.
  private static let late = 0.75
  /// Tokens that bringing it to its end may take, and two more for each level.
  private static let closingTokens = 24

  /// Writes under a grammar, once more where the first attempt is not valid: a grammar leaves some
  /// rules to a validator.
  /// - Parameters:
  ///   - constraint: at the answer's beginning; it stays there.
  ///   - attempts: how each is drawn.
  ///   - held: what texts are kept to, and values that are known.
  ///   - read: what was written, as a value, and what is wrong with it.
  /// - Returns: no value where the limit cut the text off.
  /// - Throws: `ExtractionError.invalid`, `GrammarError`, `ModelError`; what `read` throws;
  ///   `ReadingError.stopped` when the control says so.
  func write<Value>(
    from beginning: Beginning, under constraint: OutputConstraint, attempts: [SamplingOptions],
    limit: Int, caps: JSONOutline.Caps, held: HeldTexts = HeldTexts(),
    progress: WritingProgress,
    read: (String) throws -> (value: Value, problem: SchemaViolation?)
  ) throws -> (ConstrainedText, Value?) {
    var last: SchemaViolation?
    for sampling in attempts {
      let written = try write(
        from: beginning, under: constraint.clone(), limit: limit, caps: caps, held: held,
        sampling, progress: progress)
      guard written.isComplete else { return (written, nil) }
      let (value, problem) = try read(written.text)
      guard let problem else { return (written, value) }
      last = problem
    }
    throw ExtractionError.invalid(last?.description ?? "")
  }

  /// Writes JSON under a schema.
  /// - Throws: as above.
  func write(
    from beginning: Beginning, valid schema: JSONSchema, _ constraint: OutputConstraint,
    attempts: [SamplingOptions], limit: Int, caps: JSONOutline.Caps,
    held: HeldTexts = HeldTexts(), progress: WritingProgress
  ) throws -> (ConstrainedText, JSONTree?) {
    let validator = SchemaValidator(schema)
    return try write(
      from: beginning, under: constraint, attempts: attempts, limit: limit, caps: caps,
      held: held, progress: progress
    ) { text in
      let value = try JSONTree(parsing: text, repeatedName: .lastCounts)
      if let problem = validator.violation(of: value) { return (value, problem) }
      // What the schema takes only with its comma keeps it.
      let trimmed = held.trimmed(value)
      return (validator.violation(of: trimmed) == nil ? trimmed : value, nil)
    }
  }

  /// Writes under a grammar: of tokens that may not stand next, none is chosen, and what must
  /// stand next is read without asking.
  /// - Parameter constraint: at the answer's beginning; it goes on with it.
  /// - Throws: `GrammarError`, `ModelError`; `ReadingError.stopped` when the control says so.
  func write(
    from beginning: Beginning, under constraint: OutputConstraint, limit: Int,
    caps: JSONOutline.Caps, held: HeldTexts = HeldTexts(), _ sampling: SamplingOptions,
    progress: WritingProgress
  ) throws -> ConstrainedText {
    let state = beginning.state.fork()
    var held = held
    var sampler = Sampler(sampling)
    var (logits, ids, forced) = (beginning.logits, [Int32](), 0)
    var outline = JSONOutline(caps)
    func take(_ tokens: [Int32]) {
      ids += tokens
      outline.take(tokens.flatMap(tokenizer.bytes(of:)))
    }
    var isComplete = false
    while ids.count < limit {
      try progress.control.checkStop()
      let next = try constraint.forced()
      var read = next.prefix { !ends($0) }
      if !read.isEmpty {
        take(Array(read))
        forced += read.count
      } else if let known = try held.next(outline, constraint) {
        take(known)
        forced += known.count
        read = known[...]
      } else if next.isEmpty, !constraint.isStopped {
        var allowed = logits
        let isLate =
          Double(ids.count) >= Self.late * Double(limit)
          || limit - ids.count <= Self.closingTokens + 2 * outline.depth
        try constraint.restrict(
          &allowed, closing: outline.closing(isLate: isLate), isInText: outline.isInString)
        held.verbatim?.restrict(&allowed, outline)
        let token = sampler.next(allowed)
        try constraint.take(token)
        if !ends(token) { take([token]) }
      }
      isComplete = constraint.isStopped
      if isComplete { break }
      logits = try model.logits(
        after: read.isEmpty ? Array(ids.suffix(1)) : Array(read), state: state)
      if ids.count % Self.reportTokens == 0 {
        progress.control.writing(progress.before + ids.count, nil)
      }
    }
    return ConstrainedText(
      text: String(decoding: ids.flatMap(tokenizer.bytes(of:)), as: UTF8.self), ids: ids,
      forcedTokens: forced, isComplete: isComplete || constraint.accepts,
      maskSeconds: constraint.maskSeconds)
  }
}
