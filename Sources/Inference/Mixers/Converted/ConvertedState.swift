/// The memory of a layer that was converted from full softmax attention: the last tokens, from
/// `size` up to a step more, and the sinks exactly, and those between them through a linear branch
/// (training/README.md, "The converted layer"; as LoLCATs, arXiv 2410.10254, with sinks and a
/// decay).
final class ConvertedState: KeyValueState {
  private let branch: LinearBranch
  private let size: Int
  private let sinks: Int
  private let window: WindowState
  private let linear: LinearBranchState

  init(_ shape: KeyValueShape, size: Int, sinks: Int, _ branch: LinearBranch) {
    self.branch = branch
    self.size = size
    self.sinks = sinks
    window = WindowState(shape, size: size, sinks: sinks, step: LinearBranch.step)
    linear = LinearBranchState(branch, window: size, sinks: sinks)
  }

  private init(_ other: ConvertedState, _ window: WindowState, _ linear: LinearBranchState) {
    branch = other.branch
    size = other.size
    sinks = other.sinks
    self.window = window
    self.linear = linear
  }

  func copy() -> any MixerState { ConvertedState(self, window.clone(), linear.copy()) }
  func scratch(rows: Int) -> any MixerState {
    ConvertedState(self, window.lend(rows: rows), linear.lend(rows: rows))
  }
  var byteCount: Int { window.byteCount + linear.byteCount }
  var numbers: [Float] { window.numbers + linear.numbers }

  func save(to writer: inout StateWriter) {
    window.save(to: &writer)
    linear.save(to: &writer)
  }

  func restore(from reader: inout StateReader) throws {
    try window.restore(from: &reader)
    try linear.restore(from: &reader)
  }

  func attend(
    _ projected: Projections, _ rows: Rows, _ attention: Attention, _ rope: RotaryEmbedding?,
    into out: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let first = LinearBranchState.firstSeeing(window: size, sinks: sinks)
    let seeing = min(max(first - rows.position, 0), rows.count)..<rows.count
    let queries = seeing.isEmpty ? nil : BranchQueries(branch, rows: seeing, workspace)
    workspace.timed(.branch) {
      linear.take(projected, rows: rows.count, keyHeads: attention.keyHeads, queries, workspace)
    }
    guard let queries else {
      return window.attend(projected, rows, attention, rope, into: out, workspace)
    }
    let exact = ExactAttention(
      out: out, logSums: workspace.buffer("branch.log_sums", rows.count * attention.heads))
    window.attend(projected, rows, attention, rope, into: out, logSums: exact.logSums, workspace)
    workspace.timed(.branch) {
      linear.merge(
        queries, position: rows.position, values: window.values(last:),
        keyHeads: attention.keyHeads, into: exact, workspace)
    }
  }
}
