import Inference

/// What the caller of a reading wants to know and may decide while it runs. All closures are called
/// on the reading's thread: it waits for them.
public struct ReadingControl {
  public var progress: (_ tokens: Int, _ total: Int) -> Void = { _, _ in }
  /// Asked before each block and each generated token.
  public var shouldStop: () -> Bool = { false }
  /// After each whole block of the grid: a place where the reading could go on.
  public var blockClosed: (ReadingMoment) -> Void = { _ in }
  /// Once, before a reading ends because it should stop.
  public var stopping: (ReadingMoment) -> Void = { _ in }
  /// Where an earlier reading of the same document for the same task stopped.
  public var resume: ResumePoint?

  public init() {}
}

/// A reading between two tokens.
public struct ReadingMoment {
  let state: ReadingState
  /// Of the document, that were read.
  public let tokens: Int
  /// That reading took so far.
  public let seconds: Double

  /// A copy of the state, which may be archived while the reading goes on.
  public func fork() -> ReadingState { state.fork() }
}

/// A saved reading to go on from: as `ReadingState.archive` and `page` gave it.
public struct ResumePoint: Sendable {
  public let tokens: Int
  public let seconds: Double
  public let archive: [UInt8]
  public let pages: [[UInt8]]

  public init(tokens: Int, seconds: Double, archive: [UInt8], pages: [[UInt8]]) {
    self.tokens = tokens
    self.seconds = seconds
    self.archive = archive
    self.pages = pages
  }
}
