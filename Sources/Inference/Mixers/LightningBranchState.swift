import CKernels

/// The linear branch's memory: of all tokens that left the window, for each state
///
///     S = sum_s decay^(t-W-s) fk_s v_s^T  [features, headDim],  z = sum_s decay^(t-W-s) fk_s  [features]
///
/// and the features of the last W keys, which are yet to leave it. A query of position t sees
/// S and z with the key of position t - W in them (training/README.md, "The converted layer").
///
/// A call runs in blocks of LIGHTNING_BLOCK tokens. What each block adds to the state depends on
/// no other block, so all blocks of all states run at once; a sweep over them then makes these
/// sums the states that blocks begin with, and all outputs run at once.
final class LightningBranchState {
  private let branch: LightningBranch
  private let delay: Int  // W
  private let features: RowBuffer  // [states, ..., features]
  private let sums: FloatBuffer  // S and z: [states, features * (headDim + 1)]

  init(_ branch: LightningBranch, delay: Int, capacity: Int, limit: Int) {
    (self.branch, self.delay) = (branch, delay)
    features = RowBuffer(heads: branch.states, width: branch.features, capacity: capacity, limit: limit)
    sums = FloatBuffer(branch.states * branch.stateSize)
  }

  private init(copying other: LightningBranchState) {
    (branch, delay, features) = (other.branch, other.delay, other.features.copy())
    sums = other.sums.resized(to: other.sums.count)
  }

  func copy() -> LightningBranchState { LightningBranchState(copying: self) }
  var byteCount: Int { features.byteCount + 4 * sums.count }
  var numbers: [Float] { Array(UnsafeBufferPointer(start: sums.pointer, count: sums.count)) + features.numbers(last: delay) }

  func save(to writer: inout StateWriter) {
    sums.save(to: &writer)
    features.save(keeping: delay, to: &writer)
  }

  func restore(from reader: inout StateReader) throws {
    try sums.restore(from: &reader)
    try features.restore(from: &reader)
  }

  /// Remembers the call's keys and computes its queries' features, before either is rotated.
  func take(_ block: Projections, rows: Int, keyHeads: Int, _ queries: BranchQueries?, _ workspace: Workspace) {
    features.makeRoom(for: rows, keeping: delay)
    let before = features.count
    features.extend(by: rows)
    let target = StridedRows(start: features.pointer + before * branch.features, headStride: features.headStride)
    branch.compute(block, rows: rows, keyHeads: keyHeads, keys: target, queries, workspace)
  }

  /// Merges what queries see of the state into `exact`, while the keys that leave the window at
  /// their rows join it.
  ///
  /// - Parameter values: those of the keys that leave, from key head 0 on.
  func merge(_ queries: BranchQueries, values: StridedRows, keyHeads: Int, into exact: ExactAttention, _ workspace: Workspace) {
    let leaving = LeavingKeys(
      features: StridedRows(
        start: features.pointer + (features.count - delay - queries.rows.count) * branch.features, headStride: features.headStride),
      values: values, statesPerKeyHead: branch.states / keyHeads)
    if queries.rows.count == 1 {
      for state in 0..<branch.states { step(state, queries, leaving, into: exact, workspace.scratch(0)) }
      return
    }
    let blocks = BranchBlocks(branch, rows: queries.rows.count, leaving, workspace)
    workspace.parallel.forEach(blocks.items) { thread, item in
      let scratch = workspace.scratch(thread).buffer("branch.decayed", branch.features * BranchBlocks.size)
      var input = blocks.input(item)
      kernels().pointee.branch_sums(blocks.state(item, step: 1), &input, blocks.keys(item), scratch)
    }
    carry(blocks)
    workspace.parallel.forEach(blocks.items) { thread, item in finish(blocks, item, queries, into: exact, workspace.scratch(thread)) }
  }

  /// A single token: the recurrence itself.
  private func step(_ state: Int, _ queries: BranchQueries, _ leaving: LeavingKeys, into exact: ExactAttention, _ scratch: BufferPool) {
    let (share, dim) = (branch.share, branch.headDim)
    let numerator = scratch.buffer("branch.numerator", share * dim)
    let denominator = scratch.buffer("branch.denominator", share)
    var input = branch_block(
      keys: nil, value: leaving.value(state), power: branch.powers(of: state), rows: 1, features: Int64(branch.features), dim: Int64(dim))
    kernels().pointee.branch_step(
      numerator, denominator, sums.pointer + state * branch.stateSize, &input, leaving.key(state),
      queries.features + state * share * branch.features, Int64(share))
    exact.merge(numerator, denominator, queries.gains + state * share, rows: queries.rows, state: state, branch)
  }

  /// Makes each block's sums the state after it; the last is the one to remember.
  private func carry(_ blocks: BranchBlocks) {
    let size = branch.stateSize
    for state in 0..<branch.states {
      let own = sums.pointer + state * size
      blocks.state(state, step: 0).update(from: own, count: size)
      for item in stride(from: state, to: blocks.items, by: branch.states) {
        let decay = branch.powers(of: state)[blocks.rows(item).count]
        kernels().pointee.axpby(blocks.state(item, step: 1), blocks.state(item, step: 0), 1, decay, Int64(size))
      }
      own.update(from: blocks.state(blocks.items - branch.states + state, step: 1), count: size)
    }
  }

  private func finish(_ blocks: BranchBlocks, _ item: Int, _ queries: BranchQueries, into exact: ExactAttention, _ scratch: BufferPool) {
    let (rows, share, state) = (blocks.rows(item), branch.share, item % branch.states)
    var input = blocks.input(item)
    let numerator = scratch.buffer("branch.numerator", BranchBlocks.size * share * branch.headDim)
    let denominator = scratch.buffer("branch.denominator", BranchBlocks.size * share)
    let scores = scratch.buffer("branch.scores", BranchBlocks.size * BranchBlocks.size * share)
    let first = (state * queries.rows.count + rows.lowerBound) * share
    kernels().pointee.branch_outputs(
      numerator, denominator, blocks.state(item, step: 0), &input, queries.features + first * branch.features, Int64(share), scores)
    let callRows = queries.rows.lowerBound + rows.lowerBound..<queries.rows.lowerBound + rows.upperBound
    exact.merge(numerator, denominator, queries.gains + first, rows: callRows, state: state, branch)
  }
}

/// What the window gave: out [rows, heads, headDim], and the logs of its denominators [rows, heads].
struct ExactAttention {
  let out: UnsafeMutablePointer<Float>
  let logSums: UnsafeMutablePointer<Float>

  /// Joins these rows of a state's heads with the branch's part.
  func merge(
    _ numerator: UnsafePointer<Float>, _ denominator: UnsafeMutablePointer<Float>, _ gains: UnsafeMutablePointer<Float>,
    rows: Range<Int>, state: Int, _ branch: LightningBranch
  ) {
    let (heads, share, dim) = (branch.queries.heads, branch.share, branch.headDim)
    let first = rows.lowerBound * heads + state * share
    kernels().pointee.branch_merge(
      out + first * dim, Int64(heads * dim), logSums + first, Int64(heads), numerator, denominator, gains, Int64(rows.count),
      Int64(share), Int64(dim))
  }
}

/// Keys that leave the window at a call's rows: their features for each state, and their values.
private struct LeavingKeys {
  let features: StridedRows
  let values: StridedRows
  let statesPerKeyHead: Int

  func key(_ state: Int) -> UnsafePointer<Float> { UnsafePointer(features.start + state * features.headStride) }
  func value(_ state: Int) -> UnsafePointer<Float> { UnsafePointer(values.start + state / statesPerKeyHead * values.headStride) }
}

/// The blocks of one call for each state, numbered block by block, and where they compute.
private struct BranchBlocks {
  static let size = Int(LIGHTNING_BLOCK)
  private let branch: LightningBranch
  private let totalRows: Int
  private let count: Int
  private let leaving: LeavingKeys
  private let transposed: UnsafeMutablePointer<Float>  // [count, states, features, LIGHTNING_BLOCK]
  private let chain: UnsafeMutablePointer<Float>  // [count + 1, states, features * (headDim + 1)]

  init(_ branch: LightningBranch, rows: Int, _ leaving: LeavingKeys, _ workspace: Workspace) {
    (self.branch, totalRows, self.leaving) = (branch, rows, leaving)
    count = (rows + Self.size - 1) / Self.size
    transposed = workspace.buffer("branch.keys", count * branch.states * branch.features * Self.size)
    chain = workspace.buffer("branch.chain", (count + 1) * branch.states * branch.stateSize)
  }

  var items: Int { branch.states * count }

  private func start(_ item: Int) -> Int { item / branch.states * Self.size }
  func rows(_ item: Int) -> Range<Int> { start(item)..<min(totalRows, start(item) + Self.size) }

  /// S and z of the item's state, before its block (step 0) or after it (step 1).
  func state(_ item: Int, step: Int) -> UnsafeMutablePointer<Float> { chain + (item + step * branch.states) * branch.stateSize }

  func keys(_ item: Int) -> UnsafePointer<Float> { leaving.key(item % branch.states) + start(item) * branch.features }

  func input(_ item: Int) -> branch_block {
    let (state, dim) = (item % branch.states, branch.headDim)
    return branch_block(
      keys: transposed + item * branch.features * Self.size, value: leaving.value(state) + start(item) * dim,
      power: branch.powers(of: state), rows: Int64(rows(item).count), features: Int64(branch.features), dim: Int64(dim))
  }
}
