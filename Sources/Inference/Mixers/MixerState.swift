/// What a layer remembers of the tokens so far.
protocol MixerState: AnyObject {
  /// Another memory with the same content.
  func copy() -> any MixerState

  /// The same content for up to `rows` tokens more, to be dropped before this memory changes:
  /// what is only read may be shared.
  func scratch(rows: Int) -> any MixerState

  /// Called when a block of the grid is complete: the place to forget something.
  func closeBlock()

  /// Raises the salience of tokens by the attention they got.
  func reinforce(_ trace: AttentionTrace)

  /// Document positions that a layer with a choice still holds; nil where there is no choice.
  var heldPositions: [Int32]? { get }

  var byteCount: Int { get }

  /// All numbers of the state, for comparing two of them.
  var numbers: [Float] { get }

  /// True when the memory grows with the text: it then goes into pages.
  var grows: Bool { get }

  /// Writes what does not grow, so that `restore` of an empty memory gives one that goes on
  /// exactly as this one.
  func save(to writer: inout StateWriter)
  /// - Throws: `StateArchiveError`
  func restore(from reader: inout StateReader) throws

  /// What tokens from position `first` on added.
  func savePage(from first: Int, to writer: inout StateWriter)
  /// - Throws: `StateArchiveError`
  func restorePage(tokens: Int, from reader: inout StateReader) throws
}

extension MixerState {
  func scratch(rows: Int) -> any MixerState { copy() }
  func closeBlock() {}
  func reinforce(_ trace: AttentionTrace) {}
  var heldPositions: [Int32]? { nil }
  var grows: Bool { false }
  func savePage(from first: Int, to writer: inout StateWriter) {}
  func restorePage(tokens: Int, from reader: inout StateReader) throws {}
}
