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
  let writer: (any PartWriting)?
  let control: ReadingControl

  /// - Parameter writer: writes at the parts' ends, or nobody does.
  init(
    model: LanguageModel, prompt: ReadingPrompt, tokens: [Int32],
    hints: [(token: Int, value: Float)], writer: (any PartWriting)? = nil,
    control: ReadingControl
  ) {
    self.model = model
    self.prompt = prompt
    self.tokens = tokens
    self.hints = hints.sorted { $0.token < $1.token }
    self.writer = writer
    self.control = control
  }

  package struct Outcome {
    package let state: ReadingState
    /// Seconds of reading, with those before it was resumed; without those of writing.
    package let seconds: Double
    /// Seconds of writing of parts.
    package var writingSeconds = 0.0
    package let firstTokensPerSecond: Double
    package let lastTokensPerSecond: Double
  }

  /// - Throws: `ReadingError.stopped` when the control says so; `ModelError`, `StateArchiveError`.
  func run() throws -> Outcome {
    let clock = ReadingClock(before: control.resume?.seconds ?? 0)
    let state = try beginning()
    var next = control.resume?.tokens ?? 0
    var times: [(tokens: Int, at: Double)] = [(next, clock.seconds)]
    func moment() -> ReadingMoment {
      ReadingMoment(state: state, tokens: next, seconds: clock.seconds, writer: writer)
    }
    try write(state, next, clock, moment)
    while next < tokens.count {
      if control.shouldStop() {
        control.stopping(moment())
        throw ReadingError.stopped
      }
      let end = end(ofCallFrom: next, state)
      try writeParts(endingIn: next..<end, state, clock, moment)
      try model.read(tokens[next..<end], into: state, atBoundary: { try reinforce($0) })
      next = end
      times.append((next, clock.seconds))
      control.progress(next, tokens.count)
      try write(state, next, clock, moment)
      if state.position % ReadingGrid.block == 0 { control.blockClosed(moment()) }
    }

    control.readingEnded(moment())
    return Outcome(
      state: state, seconds: clock.seconds - reusedSeconds, writingSeconds: clock.away,
      firstTokensPerSecond: Self.speed(times, from: 0, to: min(Self.speedTokens, tokens.count)),
      lastTokensPerSecond: Self.speed(
        times, from: max(0, tokens.count - Self.speedTokens), to: tokens.count))
  }

  /// Where the next call of the model ends: with a block of the grid, or with several that go
  /// through each layer together, as long as no part of the text ends before the last of them.
  private func end(ofCallFrom next: Int, _ state: ReadingState) -> Int {
    let block = ReadingGrid.block
    let room = block - state.position % block
    guard room == block, !state.chooses else { return min(tokens.count, next + room) }
    var blocks = min(model.superblock, (tokens.count - next) / block)
    if let writer, writer.count < writer.ends.count {
      blocks = min(blocks, (writer.ends[writer.count] - next) / block)
    }
    return min(tokens.count, next + max(blocks, 1) * block)
  }

  /// Of a reading that was kept: it was not made again.
  private var reusedSeconds: Double {
    control.resume.flatMap { $0.isKept ? $0.seconds : nil } ?? 0
  }

  /// Has parts written that end within a block, on a fork: the reading itself goes on by whole
  /// blocks, and so ends in the same bits whether parts are written or not.
  private func writeParts(
    endingIn block: Range<Int>, _ state: ReadingState, _ clock: ReadingClock,
    _ moment: () -> ReadingMoment
  ) throws {
    guard let writer else { return }
    var fork: ReadingState?
    var next = block.lowerBound
    while writer.count < writer.ends.count, writer.ends[writer.count] < block.upperBound {
      let end = writer.ends[writer.count]
      let ahead = fork ?? state.fork()
      fork = ahead
      if end > next { try model.read(tokens[next..<end], into: ahead) }
      next = max(next, end)
      try write(ahead, end, clock, moment)
    }
  }

  /// Has the part written that ends here, if one does. Stopped there, its writing begins anew.
  private func write(
    _ state: ReadingState, _ next: Int, _ clock: ReadingClock, _ moment: () -> ReadingMoment
  ) throws {
    guard let writer, writer.count < writer.ends.count, writer.ends[writer.count] == next else {
      return
    }
    do {
      try clock.pausing { try writer.write(after: state) }
    } catch ReadingError.stopped {
      control.stopping(moment())
      throw ReadingError.stopped
    }
  }

  /// The state before the next token: after the prompt.opening, or where an earlier reading was saved.
  private func beginning() throws -> ReadingState {
    let state = model.makeState()
    guard let resume = control.resume else {
      try model.read(prompt.opening, into: state, atBoundary: { try reinforce($0) })
      return state
    }
    let (written, archive) = try ReadingArchive.parted(resume.archive)
    try state.restore(archive, pages: resume.pages)
    try writer?.restore(written)
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
    _ times: [(tokens: Int, at: Double)], from: Int, to: Int
  ) -> Double {
    guard let start = times.last(where: { $0.tokens <= from }),
      let end = times.first(where: { $0.tokens >= to }),
      end.tokens > start.tokens
    else { return 0 }
    return Double(end.tokens - start.tokens) / max(end.at - start.at, 1e-9)
  }
}

/// Seconds of reading, which stand still while something is written.
private final class ReadingClock {
  private let start = ContinuousClock.now
  private let before: Double
  /// Seconds that did not count.
  private(set) var away = 0.0

  init(before: Double) { self.before = before }

  var seconds: Double { before + (ContinuousClock.now - start) / .seconds(1) - away }

  func pausing(_ work: () throws -> Void) rethrows {
    let begun = ContinuousClock.now
    defer { away += (ContinuousClock.now - begun) / .seconds(1) }
    try work()
  }
}
