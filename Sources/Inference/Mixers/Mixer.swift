/// Tokens that follow each other, one a row.
struct Rows {
  let count: Int
  let position: Int  // of the first row, counted from the document's first token
  /// Where the tokens' attention goes, when somebody wants to know.
  let trace: AttentionTrace?
}

/// Tokens that follow each other, and the memory that they join. Several segments, of
/// forks of a reading, share one call, and with it one stream of the weights.
struct Segment {
  let rows: Rows
  let firstRow: Int  // of the call's rows
  let state: any MixerState
}

extension [Segment] {
  /// Rows of all segments.
  var rowCount: Int { last.map { $0.firstRow + $0.rows.count } ?? 0 }
}

/// The part of a layer that mixes positions.
protocol Mixer {
  var kind: MixerKind { get }

  /// True where a token's distance to another may grow with the text: then it has to stay within
  /// what the model was trained on.
  var countsPositions: Bool { get }

  /// An empty memory.
  /// - Parameter precision: of what grows with the text.
  func makeState(_ precision: StoredPrecision) -> any MixerState

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

extension Mixer {
  var countsPositions: Bool { false }
}
