import Inference

/// Feeds a document's tokens to a model, front to back, each once, block by block.
struct ReadingPass {
  /// Tokens over which the first and last speeds are taken.
  private static let stretch = 64 * 1024

  let model: LanguageModel
  let opening: [Int32]
  let tokens: [Int32]
  /// Tokens run on a copy after each block; their attention tells what to keep.
  let probe: [Int32]
  /// Salience by a source other than attention, per document token.
  let hints: [(token: Int, value: Float)]
  let control: ReadingControl

  init(
    model: LanguageModel, opening: [Int32], tokens: [Int32], probe: [Int32],
    hints: [(token: Int, value: Float)], control: ReadingControl
  ) {
    self.model = model
    self.opening = opening
    self.tokens = tokens
    self.probe = probe
    self.hints = hints.sorted { $0.token < $1.token }
    self.control = control
  }

  struct Outcome {
    let state: ReadingState
    /// Seconds of reading, with those before it was resumed.
    let seconds: Double
    let firstTokensPerSecond: Double
    let lastTokensPerSecond: Double
  }

  /// - Throws: `ReadingError.stopped` when the control says so; `ModelError`, `StateArchiveError`.
  func run() throws -> Outcome {
    let start = ContinuousClock.now
    func seconds() -> Double {
      (control.resume?.seconds ?? 0) + (ContinuousClock.now - start) / .seconds(1)
    }
    let state = try beginning()
    var next = control.resume?.tokens ?? 0
    var times: [(tokens: Int, at: ContinuousClock.Instant)] = [(next, start)]
    while next < tokens.count {
      if control.shouldStop() {
        control.stopping(ReadingMoment(state: state, tokens: next, seconds: seconds()))
        throw ReadingError.stopped
      }
      // Up to the next line of the grid, so that progress and stops come once a block.
      let room = LanguageModel.blockSize - state.position % LanguageModel.blockSize
      let end = min(tokens.count, next + room)
      try model.read(tokens[next..<end], into: state, atBoundary: { try reinforce($0) })
      next = end
      times.append((next, .now))
      control.progress(next, tokens.count)
      if state.position % LanguageModel.blockSize == 0 {
        control.blockClosed(ReadingMoment(state: state, tokens: next, seconds: seconds()))
      }
    }

    return Outcome(
      state: state, seconds: seconds(),
      firstTokensPerSecond: Self.speed(times, from: 0, to: min(Self.stretch, tokens.count)),
      lastTokensPerSecond: Self.speed(
        times, from: max(0, tokens.count - Self.stretch), to: tokens.count))
  }

  /// The state before the next token: after the opening, or where an earlier reading was saved.
  private func beginning() throws -> ReadingState {
    let state = model.makeState()
    guard let resume = control.resume else {
      try model.read(opening, into: state, atBoundary: { try reinforce($0) })
      return state
    }
    try state.restore(resume.archive, pages: resume.pages)
    guard state.position == opening.count + resume.tokens, resume.tokens <= tokens.count else {
      throw StateArchiveError.foreign("it was saved at token \(resume.tokens) of another text")
    }

    return state
  }

  private func reinforce(_ state: ReadingState) throws {
    guard state.chooses else { return }

    let trace = AttentionTrace()
    try model.read(probe, into: state.scratch(tokens: probe.count), trace: trace)
    let share = max(trace.total, 1)
    let salience = AttentionTrace()
    for (position, mass) in trace.mass { salience.add(mass / share, at: position) }
    let held = state.keptPositions
    for hint in hints where held.contains(hint.token + opening.count) {
      salience.add(hint.value, at: hint.token + opening.count)
    }

    state.reinforce(salience)
  }

  private static func speed(
    _ times: [(tokens: Int, at: ContinuousClock.Instant)], from: Int, to: Int
  ) -> Double {
    guard let start = times.last(where: { $0.tokens <= from }),
      let end = times.first(where: { $0.tokens >= to }),
      end.tokens > start.tokens
    else { return 0 }
    return Double(end.tokens - start.tokens) / ((end.at - start.at) / .seconds(1))
  }
}

public enum ReadingError: Error, Equatable, CustomStringConvertible {
  /// The control asked for it.
  case stopped
  case nothingToRead
  case emptyQuestion

  public var description: String {
    switch self {
    case .stopped: "the reading was stopped"
    case .nothingToRead: "the document's text has no tokens"
    case .emptyQuestion: "the task ask needs a question"
    }
  }
}
