package import Inference

/// What the caller of a reading wants to know and may decide while it runs. All closures are called
/// on the reading's thread: it waits for them.
package struct ReadingControl {
  package var progress: (_ tokens: Int, _ total: Int) -> Void = { _, _ in }
  /// Asked before each block and each generated token.
  package var shouldStop: () -> Bool = { false }
  /// After each whole block of the grid: a place where the reading could go on.
  package var blockClosed: (ReadingMoment) -> Void = { _ in }
  /// Once, when the document's last token is read.
  package var readingEnded: (ReadingMoment) -> Void = { _ in }
  /// While an answer is written: how many tokens of it there are, and its text so far, nil where
  /// several are written to choose from.
  package var writing: (_ tokens: Int, _ text: String?) -> Void = { _, _ in }
  /// Once, before a reading ends because it should stop.
  package var stopping: (ReadingMoment) -> Void = { _ in }
  /// Where an earlier reading of the same document for the same task stopped.
  package var resume: ResumePoint?
  /// Asked before a reading begins that is not resumed and in which nothing is written on the way:
  /// where a kept reading of the same ids, or of the first of them, can be gone on from.
  package var kept: (ReadingTrail) -> ResumePoint? = { _ in nil }
  /// Told before a reading begins, whatever it goes on from.
  package var begins: (ReadingTrail) -> Void = { _ in }
  /// Told that what `kept` gave is of no use; the document is read from its beginning then.
  package var keptIsUnusable: (any Error) -> Void = { _ in }

  package init() {}

  /// - Throws: `ReadingError.stopped` when the caller wants no more.
  package func checkStop() throws {
    if shouldStop() { throw ReadingError.stopped }
  }
}

/// A reading between two tokens.
package struct ReadingMoment {
  let state: ReadingState
  /// Of the document, that were read.
  package let tokens: Int
  /// That reading took so far.
  package let seconds: Double
  /// Who writes of the parts on the way; nil where nobody does.
  let writer: (any PartWriting)?

  /// A copy, which may be archived while the reading goes on.
  package func fork() -> ReadingCopy {
    ReadingCopy(state: state.fork(), written: writer?.archive ?? [])
  }

  /// A copy without what was written on the way, for readings of any task.
  package func generalFork() -> ReadingCopy { ReadingCopy(state: state.fork(), written: []) }
}

/// A reading's copy, to be saved.
package struct ReadingCopy {
  private let state: ReadingState
  private let written: [UInt8]

  init(state: ReadingState, written: [UInt8]) {
    self.state = state
    self.written = written
  }

  /// Tokens that the state has read, with those before the document.
  package var position: Int { state.position }

  package var byteCount: Int { state.byteCount }

  /// All but what grows with the text, as a resume point takes it.
  package func archive() -> [UInt8] { ReadingArchive.packed(written, state.archive()) }

  /// What the tokens from position `first` on added to what grows; empty where nothing does.
  package func page(from first: Int) -> [UInt8] { state.page(from: first) }
}

/// A saved reading to go on from: as `ReadingCopy.archive` and `page` gave it.
package struct ResumePoint: Sendable {
  package let tokens: Int
  package let seconds: Double
  package let archive: [UInt8]
  package let pages: [[UInt8]]
  /// True for another job's reading, whose time is not this one's.
  package let isKept: Bool

  package init(
    tokens: Int, seconds: Double, archive: [UInt8], pages: [[UInt8]], isKept: Bool = false
  ) {
    self.isKept = isKept
    self.tokens = tokens
    self.seconds = seconds
    self.archive = archive
    self.pages = pages
  }
}
