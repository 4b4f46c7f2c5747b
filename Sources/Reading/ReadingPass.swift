package import Inference

/// What a pass runs besides the document's tokens.
package struct ReadingPrompt {
  /// Stands before the document.
  package let opening: [Int32]
  /// Run on a copy of the state after each block: its attention tells what to keep.
  package let probe: [Int32]

  package init(opening: [Int32], probe: [Int32]) {
    self.opening = opening
    self.probe = probe
  }
}

/// Feeds a document's tokens to a model, front to back, each once, block by block.
package struct ReadingPass {
  /// Tokens over which the first and last speeds are taken.
  private static let speedTokens = 64 * 1024

  let model: LanguageModel
  let prompt: ReadingPrompt
  let tokens: [Int32]
  /// Salience by a source other than attention, per document token.
  let hints: [(token: Int, value: Float)]
  let control: ReadingControl

  init(
    model: LanguageModel, prompt: ReadingPrompt, tokens: [Int32],
    hints: [(token: Int, value: Float)], control: ReadingControl
  ) {
    self.model = model
    self.prompt = prompt
    self.tokens = tokens
    self.hints = hints.sorted { $0.token < $1.token }
    self.control = control
  }

  package struct Outcome {
    package let state: ReadingState
    /// Seconds of reading, with those before it was resumed.
    package let seconds: Double
    package let firstTokensPerSecond: Double
    package let lastTokensPerSecond: Double
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
      let room = ReadingGrid.block - state.position % ReadingGrid.block
      let end = min(tokens.count, next + room)
      try model.read(tokens[next..<end], into: state, atBoundary: { try reinforce($0) })
      next = end
      times.append((next, .now))
      control.progress(next, tokens.count)
      if state.position % ReadingGrid.block == 0 {
        control.blockClosed(ReadingMoment(state: state, tokens: next, seconds: seconds()))
      }
    }

    control.readingEnded(ReadingMoment(state: state, tokens: next, seconds: seconds()))
    return Outcome(
      state: state, seconds: seconds(),
      firstTokensPerSecond: Self.speed(times, from: 0, to: min(Self.speedTokens, tokens.count)),
      lastTokensPerSecond: Self.speed(
        times, from: max(0, tokens.count - Self.speedTokens), to: tokens.count))
  }

  /// The state before the next token: after the prompt.opening, or where an earlier reading was saved.
  private func beginning() throws -> ReadingState {
    let state = model.makeState()
    guard let resume = control.resume else {
      try model.read(prompt.opening, into: state, atBoundary: { try reinforce($0) })
      return state
    }
    try state.restore(resume.archive, pages: resume.pages)
    guard state.position == prompt.opening.count + resume.tokens, resume.tokens <= tokens.count
    else {
      throw StateArchiveError.foreign("it was saved at token \(resume.tokens) of another text")
    }

    return state
  }

  private func reinforce(_ state: ReadingState) throws {
    guard state.chooses else { return }

    let trace = AttentionTrace()
    try model.read(prompt.probe, into: state.scratch(tokens: prompt.probe.count), trace: trace)
    let share = max(trace.total, 1)
    let salience = AttentionTrace()
    for (position, mass) in trace.mass { salience.add(mass / share, at: position) }
    let held = state.keptPositions
    for hint in hints where held.contains(hint.token + prompt.opening.count) {
      salience.add(hint.value, at: hint.token + prompt.opening.count)
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
