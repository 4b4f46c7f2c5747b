/// The kinds of layer memory that a folder's config.json may ask for.
public enum MixerKind: String, Sendable, CaseIterable {
  /// One [head_dim, head_dim] matrix per head with a decay (arXiv 2501.08313); in a Llama folder
  /// beside a window, for the tokens that left it.
  case lightning
  /// Keys and values of every token.
  case softmax
  /// Keys and values of the last W tokens and a few first ones (arXiv 2309.17453).
  case window
  /// Sinks, the last W tokens and at most M others kept for their salience.
  case bounded
}

/// The tokens that one call mixes.
struct Block {
  let rows: Int
  let position: Int  // of the first row, counted from the document's first token
  /// Where the tokens' attention goes, when somebody wants to know.
  let trace: AttentionTrace?
}

/// Tokens that follow each other, and the memory that they join. Several segments, of
/// forks of a reading, share one call, and with it one stream of the weights.
struct Segment {
  let block: Block
  let firstRow: Int  // of the call's rows
  let state: any MixerState
}

extension [Segment] {
  /// Rows of all segments.
  var rows: Int { last.map { $0.firstRow + $0.block.rows } ?? 0 }
}

/// The part of a layer that mixes positions.
protocol Mixer {
  var kind: MixerKind { get }

  /// An empty memory.
  func makeState() -> any MixerState

  /// Parameters of the projections.
  var parameters: ParameterCount { get }

  /// Bytes of the state after this many tokens.
  func stateBytes(at depth: Int) -> Int

  /// Operations that one token costs at this depth, beside its projections.
  func operations(at depth: Int) -> Double

  /// out [rows, hidden] = mix of x [rows, hidden] with what each segment's state remembers,
  /// which then remembers the segment's rows too.
  func mix(
    _ x: UnsafePointer<Float>, _ segments: [Segment], into out: UnsafeMutablePointer<Float>,
    _ workspace: Workspace)
}

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
  var grows: Bool { false }
  func savePage(from first: Int, to writer: inout StateWriter) {}
  func restorePage(tokens: Int, from reader: inout StateReader) throws {}
}
