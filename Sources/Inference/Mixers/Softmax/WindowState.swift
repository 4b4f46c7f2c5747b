/// The last `size` tokens, and `sinks` first ones that softmax needs as a place
/// for attention it has no use for (StreamingLLM, arXiv 2309.17453).
///
/// A sink that left the window is seen at a distance that stops growing, so that
/// no relative position exceeds those of training. Which keys a query sees, and at
/// which distance, depends on its position alone, not on how tokens are blocked.
///
/// With a step, tokens leave that many at once: the window reaches `size` tokens back from
/// the last multiple of it.
final class WindowState: KeyValueState {
  /// A window is given its whole memory only when a document fills it.
  static func firstCapacity(_ size: Int) -> Int { min(2 * size, 2048) }

  /// Entries are dropped beyond these, all but the last `kept`; a block always finds room then.
  static func mostEntries(_ kept: Int) -> Int { kept + ReadingGrid.block }

  private let size: Int
  private let step: Int
  private let sinkCount: Int
  private let sinks: KeyValueBuffer  // keys rotated to 0, 1, ...
  private let recent: KeyValueBuffer  // keys rotated to their absolute positions

  /// Entries that the next query, or a branch, may need.
  static func kept(_ size: Int, step: Int) -> Int { size + step - 1 }
  private var kept: Int { Self.kept(size, step: step) }

  init(_ shape: KeyValueShape, size: Int, sinks sinkCount: Int, step: Int = 1) {
    self.size = size
    self.step = step
    self.sinkCount = sinkCount
    sinks = KeyValueBuffer(
      shape, capacity: min(max(sinkCount, 1), ReadingGrid.block), limit: max(sinkCount, 1))
    let kept = Self.kept(size, step: step)
    recent = KeyValueBuffer(
      shape, capacity: Self.firstCapacity(kept), limit: Self.mostEntries(kept))
  }

  private init(_ other: WindowState, recent: KeyValueBuffer) {
    size = other.size
    step = other.step
    sinkCount = other.sinkCount
    sinks = other.sinks.copy()
    self.recent = recent
  }

  func copy() -> any MixerState { clone() }
  func clone() -> WindowState { WindowState(self, recent: recent.copy()) }

  func scratch(rows: Int) -> any MixerState { lend(rows: rows) }
  func lend(rows: Int) -> WindowState {
    recent.makeRoom(for: rows, keeping: kept)
    return WindowState(self, recent: recent.lend(rows: rows))
  }
  var byteCount: Int { sinks.byteCount + recent.byteCount }

  var numbers: [Float] { sinks.numbers() + recent.numbers(last: kept) }

  func save(to writer: inout StateWriter) {
    sinks.save(to: &writer)
    recent.save(keeping: kept, to: &writer)
  }

  func restore(from reader: inout StateReader) throws {
    try sinks.restore(from: &reader)
    try recent.restore(from: &reader)
  }

  /// The last `number` values.
  func values(last number: Int) -> StridedRows {
    let values = recent.values
    return StridedRows(
      start: values.pointer + (values.count - number) * values.width, headStride: values.headStride)
  }

  func attend(
    _ projected: Projections, _ rows: Rows, _ attention: Attention, _ rope: RotaryEmbedding?,
    into out: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    attend(projected, rows, attention, rope, into: out, logSums: nil, workspace)
  }

  /// - Parameter logSums: gets the logs of the softmax's denominators [rows, heads].
  func attend(
    _ projected: Projections, _ rows: Rows, _ attention: Attention, _ rope: RotaryEmbedding?,
    into out: UnsafeMutablePointer<Float>,
    logSums: UnsafeMutablePointer<Float>?, _ workspace: Workspace
  ) {
    let positions = rows.position..<rows.position + rows.count
    let width = attention.heads * attention.headDim
    let sinkQuery = workspace.buffer("window.sink_query", rows.count * width)
    workspace.parallel.forRanges(rows.count * width, grain: 16_384) { range in
      (sinkQuery + range.lowerBound).update(
        from: projected.query + range.lowerBound, count: range.count)
    }
    rotateForSinks(sinkQuery, rows, attention, rope, workspace.parallel)
    rope?.rotate(
      projected.query, heads: attention.heads, headDim: attention.headDim, positions: positions,
      workspace.parallel)
    rope?.rotate(
      projected.key, heads: attention.keyHeads, headDim: attention.headDim, positions: positions,
      workspace.parallel)
    remember(projected, rows)
    attention(
      runs(projected.query, sinkQuery, rows), rows: rows.count, into: out, logSums: logSums,
      workspace)
  }

  /// Rotates queries to their position or, beyond the window, to its far end.
  private func rotateForSinks(
    _ query: UnsafeMutablePointer<Float>, _ rows: Rows, _ attention: Attention,
    _ rope: RotaryEmbedding?, _ parallel: Parallel
  ) {
    let farthest = sinkCount + size - 1
    let near = min(max(farthest - rows.position, 0), rows.count)
    let heads = attention.heads
    let dim = attention.headDim
    if near > 0 {
      rope?.rotate(
        query, heads: heads, headDim: dim, positions: rows.position..<rows.position + near, parallel
      )
    }

    rope?.rotate(
      query + near * heads * dim, rows: rows.count - near, heads: heads, headDim: dim,
      position: farthest, parallel)
  }

  private func remember(_ projected: Projections, _ rows: Rows) {
    if rows.position < sinkCount {
      sinks.append(
        keys: projected.key, values: projected.value,
        rows: 0..<min(rows.count, sinkCount - rows.position))
    }
    recent.makeRoom(for: rows.count, keeping: kept)
    recent.append(keys: projected.key, values: projected.value, rows: 0..<rows.count)
  }

  private func runs(_ query: UnsafePointer<Float>, _ sinkQuery: UnsafePointer<Float>, _ rows: Rows)
    -> [KeyRun]
  {
    let size = size
    let step = step
    let held = sinks.count
    let position = rows.position
    let oldest = rows.position + rows.count - recent.count
    let firstSeen = { (row: Int) in (position + row) / step * step - size + 1 }
    let distant = KeyRun(
      query: sinkQuery, keys: sinks.keys.rows, values: sinks.values.rows, count: held,
      visible: { 0..<min(max(firstSeen($0), 0), held) })
    let near = KeyRun(
      query: query, keys: recent.keys.rows, values: recent.values.rows, count: recent.count,
      visible: { max(firstSeen($0) - oldest, 0)..<position + $0 + 1 - oldest })

    return held > 0 ? [distant, near] : [near]
  }
}
