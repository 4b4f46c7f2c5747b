import Inference

/// Feeds a document's tokens to a model, front to back, each once, block by block.
struct ReadingPass {
  /// Tokens over which the first and last speeds are taken.
  private static let stretch = 64 * 1024

  let model: LanguageModel
  let opening: [Int32]
  let tokens: [Int32]
  /// Tokens run on a fork after each block; their attention tells what to keep.
  let probe: [Int32]
  /// Salience by a source other than attention, per document token.
  let hints: [(token: Int, value: Float)]
  let control: ReadingControl

  init(
    model: LanguageModel, opening: [Int32], tokens: [Int32], probe: [Int32], hints: [(token: Int, value: Float)], control: ReadingControl
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
    let firstTokensPerSecond: Double
    let lastTokensPerSecond: Double
  }

  /// - Throws: `ReadingError.stopped` when the control says so; `ModelError`.
  func run() throws -> Outcome {
    let state = model.makeState()
    var times: [(tokens: Int, at: ContinuousClock.Instant)] = [(0, .now)]
    try model.read(opening, into: state, atBoundary: { try reinforce($0) })
    var next = 0
    while next < tokens.count {
      if control.shouldStop() { throw ReadingError.stopped }
      // Up to the next line of the grid, so that progress and stops come once a block.
      let room = LanguageModel.blockSize - state.position % LanguageModel.blockSize
      let end = min(tokens.count, next + room)
      try model.read(tokens[next..<end], into: state, atBoundary: { try reinforce($0) })
      next = end
      times.append((next, .now))
      control.progress(next, tokens.count)
    }
    return Outcome(
      state: state, firstTokensPerSecond: Self.speed(times, from: 0, to: min(Self.stretch, tokens.count)),
      lastTokensPerSecond: Self.speed(times, from: max(0, tokens.count - Self.stretch), to: tokens.count))
  }

  private func reinforce(_ state: ReadingState) throws {
    let trace = AttentionTrace()
    try model.read(probe, into: state.fork(), trace: trace)
    let share = max(trace.total, 1)
    let salience = AttentionTrace()
    for (position, mass) in trace.mass { salience.add(mass / share, at: position) }
    let held = state.keptPositions
    for hint in hints where held.contains(hint.token + opening.count) { salience.add(hint.value, at: hint.token + opening.count) }
    state.reinforce(salience)
  }

  private static func speed(_ times: [(tokens: Int, at: ContinuousClock.Instant)], from: Int, to: Int) -> Double {
    guard let start = times.last(where: { $0.tokens <= from }), let end = times.first(where: { $0.tokens >= to }),
      end.tokens > start.tokens
    else { return 0 }
    return Double(end.tokens - start.tokens) / ((end.at - start.at) / .seconds(1))
  }
}

/// What the caller of a reading wants to know and may decide while it runs.
public struct ReadingControl {
  public let progress: (_ tokens: Int, _ total: Int) -> Void
  public let shouldStop: () -> Bool

  public init(progress: @escaping (_ tokens: Int, _ total: Int) -> Void = { _, _ in }, shouldStop: @escaping () -> Bool = { false }) {
    self.progress = progress
    self.shouldStop = shouldStop
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
