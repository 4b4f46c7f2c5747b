/// Sinks, the last tokens, and of the others those that were most salient.
///
/// Positions are counted inside the memory, so they never leave the range the
/// model was trained on; keys are therefore stored before rotation. Tokens are
/// dropped when a block of the grid closes, so what a query sees does not depend on
/// how the tokens within a block were fed.
final class BoundedState: KeyValueState {
  private let limits: BoundedLimits
  private let entries: KeyValueBuffer  // keys not rotated
  private var positions: [Int32] = []  // in the document
  var heldPositions: [Int32]? { positions }
  private var salience: [Float] = []
  private var rotated: RotatedKeys?

  /// The first `count` keys at their places in the memory.
  private struct RotatedKeys {
    let buffer: FloatBuffer
    let stride: Int
    var count: Int
  }

  init(_ shape: KeyValueShape, _ limits: BoundedLimits) {
    self.limits = limits
    let most = limits.sinks + limits.kept + limits.window + ReadingGrid.block
    entries = KeyValueBuffer(shape, capacity: min(most, 2304), limit: most)
  }

  private init(_ other: BoundedState, entries: KeyValueBuffer) {
    limits = other.limits
    positions = other.positions
    salience = other.salience
    self.entries = entries
  }

  func copy() -> any MixerState { BoundedState(self, entries: entries.copy()) }
  func scratch(rows: Int) -> any MixerState {
    BoundedState(self, entries: entries.lend(rows: rows))
  }
  var byteCount: Int { entries.byteCount + 8 * positions.count }
  var numbers: [Float] { entries.numbers() + positions.map(Float.init) + salience }

  func save(to writer: inout StateWriter) {
    entries.save(to: &writer)
    writer.write(positions)
    writer.write(salience)
  }

  func restore(from reader: inout StateReader) throws {
    try entries.restore(from: &reader)
    positions = try reader.readArray(of: Int32.self)
    salience = try reader.readArray(of: Float.self)
    guard positions.count == entries.count, salience.count == entries.count else {
      throw StateArchiveError.damaged("tokens and their positions differ in number")
    }
  }

  func attend(
    _ projected: Projections, _ rows: Rows, _ attention: Attention, _ rope: RotaryEmbedding?,
    into out: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let before = entries.count
    entries.append(keys: projected.key, values: projected.value, rows: 0..<rows.count)
    positions += (0..<rows.count).map { Int32(rows.position + $0) }
    salience += repeatElement(0, count: rows.count)
    rope?.rotate(
      projected.query, heads: attention.heads, headDim: attention.headDim,
      positions: before..<before + rows.count, workspace.parallel)
    let rotated = rotatedKeys(attention, rope, isSingle: rows.count == 1, workspace)
    let run = KeyRun(
      query: projected.query,
      keys: StoredRows(
        start: rotated, precision: .float32, headStride: entries.headStride,
        width: attention.headDim),
      values: entries.values.rows, count: entries.count, visible: { 0..<before + $0 + 1 })
    guard let trace = rows.trace else {
      return attention([run], rows: rows.count, into: out, workspace)
    }
    record(run, rows, attention, trace, into: out, workspace)
  }

  /// All keys at their places. Token by token only the newest is rotated; for a block,
  /// after which tokens are dropped, all are, and nothing is kept.
  private func rotatedKeys(
    _ attention: Attention, _ rope: RotaryEmbedding?, isSingle: Bool, _ workspace: Workspace
  ) -> UnsafePointer<Float> {
    guard isSingle else {
      let scratch = workspace.buffer("bounded.keys", attention.keyHeads * entries.headStride)
      rotate(0..<entries.count, into: scratch, attention, rope, workspace.parallel)
      return UnsafePointer(scratch)
    }

    let size = attention.keyHeads * entries.headStride
    if rotated?.buffer.count ?? 0 < size || rotated?.stride != entries.headStride {
      rotated = RotatedKeys(
        buffer: FloatBuffer(uninitialized: size), stride: entries.headStride, count: 0)
    }

    guard var rotated else { preconditionFailure("the buffer was just made") }
    rotate(
      rotated.count..<entries.count, into: rotated.buffer.pointer, attention, rope,
      workspace.parallel)
    rotated.count = entries.count
    self.rotated = rotated

    return UnsafePointer(rotated.buffer.pointer)
  }

  private func rotate(
    _ range: Range<Int>, into target: UnsafeMutablePointer<Float>, _ attention: Attention,
    _ rope: RotaryEmbedding?, _ parallel: Parallel
  ) {
    for head in 0..<attention.keyHeads {
      let offset = head * entries.headStride + range.lowerBound * attention.headDim
      (target + offset).update(
        from: entries.keys.pointer + offset, count: range.count * attention.headDim)
      rope?.rotate(
        target + offset, heads: 1, headDim: attention.headDim, positions: range, parallel)
    }
  }

  private func record(
    _ run: KeyRun, _ rows: Rows, _ attention: Attention, _ trace: AttentionTrace,
    into out: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let mass = UnsafeMutableBufferPointer(
      start: workspace.buffer("bounded.mass", run.count), count: run.count)
    mass.update(repeating: 0)
    attention([run], rows: rows.count, into: out, mass: mass, workspace)
    positions.withUnsafeBufferPointer { positions in
      if let start = mass.baseAddress {
        trace.add(positions: positions, mass: start, total: Float(rows.count * attention.heads))
      }
    }
  }

  /// New attention counts in full, what a token got before by half.
  func reinforce(_ trace: AttentionTrace) {
    for index in salience.indices {
      salience[index] = salience[index] / 2 + (trace.mass[Int(positions[index])] ?? 0)
    }
  }

  func closeBlock() {
    let total = entries.count
    let capacity = limits.sinks + limits.kept + limits.window
    guard total > capacity else { return }
    let candidates = limits.sinks..<total - limits.window
    let ranked = candidates.sorted { (salience[$0], positions[$0]) > (salience[$1], positions[$1]) }
    let keptIndices =
      Array(0..<limits.sinks) + ranked.prefix(limits.kept).sorted()
      + Array(total - limits.window..<total)
    entries.keep(keptIndices)
    rotated?.count = 0
    positions = keptIndices.map { positions[$0] }
    salience = keptIndices.map { salience[$0] }
  }
}
