/// Keys, rotated to their absolute positions, and values of every token, in fp16: they are all
/// of the state that grows with the text.
final class SoftmaxState: KeyValueState {
  private static let initialCapacity = 512
  private let entries: KeyValueBuffer

  init(_ shape: KeyValueShape, _ precision: StoredPrecision) {
    entries = KeyValueBuffer(shape, capacity: Self.initialCapacity, precision: precision)
  }
  private init(_ entries: KeyValueBuffer) { self.entries = entries }

  func copy() -> any MixerState { SoftmaxState(entries.copy()) }
  func scratch(rows: Int) -> any MixerState { SoftmaxState(entries.lend(rows: rows)) }
  var byteCount: Int { entries.byteCount }
  var numbers: [Float] { entries.numbers() }

  var grows: Bool { true }
  func save(to writer: inout StateWriter) {}
  func restore(from reader: inout StateReader) throws {}

  func savePage(from first: Int, to writer: inout StateWriter) {
    entries.save(from: first, to: &writer)
  }

  func restorePage(tokens: Int, from reader: inout StateReader) throws {
    let before = entries.count
    try entries.restore(from: &reader)
    guard entries.count == before + tokens else {
      throw StateArchiveError.damaged("a page holds another number of tokens than it says")
    }
  }

  func attend(
    _ projected: Projections, _ rows: Rows, _ attention: Attention, _ rope: RotaryEmbedding?,
    into out: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let positions = rows.position..<rows.position + rows.count
    rope?.rotate(
      projected.query, heads: attention.heads, headDim: attention.headDim, positions: positions,
      workspace.parallel)
    rope?.rotate(
      projected.key, heads: attention.keyHeads, headDim: attention.headDim, positions: positions,
      workspace.parallel)
    let before = entries.count
    entries.append(keys: projected.key, values: projected.value, rows: 0..<rows.count)
    let run = KeyRun(
      query: projected.query, keys: entries.keys.rows, values: entries.values.rows,
      count: entries.count, visible: { 0..<before + $0 + 1 })
    guard let trace = rows.trace, trace.includesSoftmax else {
      return attention([run], rows: rows.count, into: out, workspace)
    }

    let mass = UnsafeMutableBufferPointer(
      start: workspace.buffer("softmax.mass", run.count), count: run.count)
    mass.update(repeating: 0)
    attention([run], rows: rows.count, into: out, mass: mass, workspace)
    trace.add(mass: mass, total: Float(rows.count * attention.heads))
  }
}
