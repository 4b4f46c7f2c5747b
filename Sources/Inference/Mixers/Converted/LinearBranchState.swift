import CKernels

/// The linear branch's memory: of all tokens that left the window, for each state
///
///     S = sum_s decay^(b-W-s) fk_s v_s^T  [features, headDim],  z = sum_s decay^(b-W-s) fk_s
///     [features]
///
/// where b is the last multiple of a step and s <= b - W, and the features of the keys that are yet
/// to leave it (training/README.md, "The converted layer").
///
/// The border moves on at the first token of a step, and what then joins depends on no other step,
/// so for all steps of a call and all states these sums are made at once; a sweep then makes them
/// the states that the steps' queries see, and all outputs are made at once.
final class LinearBranchState {
  private let branch: LinearBranch
  private let window: Int  // W
  private let sinks: Int
  private let features: RowBuffer  // [states, ..., features]
  private let sums: FloatBuffer  // S and z: [states, features * (headDim + 1)]

  init(_ branch: LinearBranch, window: Int, sinks: Int) {
    self.branch = branch
    self.window = window
    self.sinks = sinks
    let kept = Self.kept(window)
    features = RowBuffer(
      heads: branch.states, width: branch.features, capacity: WindowState.firstCapacity(kept),
      limit: WindowState.mostEntries(kept))
    sums = FloatBuffer(branch.states * branch.stateSize)
  }

  private init(_ other: LinearBranchState, features: RowBuffer) {
    branch = other.branch
    window = other.window
    sinks = other.sinks
    self.features = features
    sums = other.sums.resized(to: other.sums.count)
  }

  /// Tokens that may be yet to join when a call begins.
  static func kept(_ window: Int) -> Int { WindowState.kept(window, step: LinearBranch.step) }

  /// The first position whose queries see the branch: a token that is no sink has joined.
  static func firstSeeing(window: Int, sinks: Int) -> Int {
    (window + sinks + LinearBranch.step - 1) / LinearBranch.step * LinearBranch.step
  }

  func copy() -> LinearBranchState { LinearBranchState(self, features: features.copy()) }

  func lend(rows: Int) -> LinearBranchState {
    features.makeRoom(for: rows, keeping: Self.kept(window))
    return LinearBranchState(self, features: features.lend(rows: rows))
  }
  var byteCount: Int { features.byteCount + 4 * sums.count }
  var numbers: [Float] {
    Array(UnsafeBufferPointer(start: sums.pointer, count: sums.count))
      + features.numbers(last: Self.kept(window))
  }

  func save(to writer: inout StateWriter) {
    sums.save(to: &writer)
    features.save(keeping: Self.kept(window), to: &writer)
  }

  func restore(from reader: inout StateReader) throws {
    try sums.restore(from: &reader)
    try features.restore(from: &reader)
  }

  /// Remembers the call's keys and computes its queries' features, before either is rotated.
  func take(
    _ projected: Projections, rows: Int, keyHeads: Int, _ queries: BranchQueries?,
    _ workspace: Workspace
  ) {
    features.makeRoom(for: rows, keeping: Self.kept(window))
    let before = features.count
    features.extend(by: rows)
    let target = StridedRows(
      start: features.pointer + before * branch.features, headStride: features.headStride)
    branch.compute(projected, rows: rows, keyHeads: keyHeads, keys: target, queries, workspace)
  }

  /// Merges what queries see of the state into `exact`, while keys join it at each step's
  /// beginning.
  ///
  /// - Parameters:
  ///   - position: of the call's first row.
  ///   - values: those of the call's last key and all before it.
  func merge(
    _ queries: BranchQueries, position: Int, values: (_ last: Int) -> StridedRows, keyHeads: Int,
    into exact: ExactAttention,
    _ workspace: Workspace
  ) {
    let steps = BranchStep.all(of: queries.rows, position: position, window: window, sinks: sinks)
    let chain = workspace.buffer("branch.chain", steps.count * sums.count)
    let end = position + queries.rows.upperBound
    let perKeyHead = branch.states / keyHeads
    let sum = { [self] (thread: Int, item: Int) in
      let number = item / branch.states
      let state = item % branch.states
      guard let joining = steps[number].joining else { return }
      let values = values(end - joining.lowerBound)
      var keys = branch_keys(
        key: features.pointer + state * features.headStride
          + (features.count - end + joining.lowerBound) * branch.features,
        value: values.start + state / perKeyHead * values.headStride,
        power: branch.powers(of: state), rows: Int64(joining.count),
        features: Int64(branch.features), dim: Int64(branch.headDim))
      let scratch = workspace.scratch(thread).buffer(
        "branch.decayed", branch.features * LinearBranch.step)
      kernels().pointee.branch_sums(chain + item * branch.stateSize, &keys, scratch)
    }
    let seen = { [self] (thread: Int, item: Int) in
      let number = item / branch.states
      let state = item % branch.states
      let source =
        steps[number].joining == nil
        ? sums.pointer + state * branch.stateSize : chain + item * branch.stateSize
      see(
        UnsafePointer(source), steps[number], state, queries, position: position, into: exact,
        workspace.scratch(thread))
    }
    forEach(steps, workspace.parallel, sum)
    carry(steps, chain)
    forEach(steps, workspace.parallel, seen)
    if let last = steps.indices.last, steps[last].joining != nil {
      sums.pointer.update(from: chain + last * sums.count, count: sums.count)
    }
  }

  private func forEach(_ steps: [BranchStep], _ parallel: Parallel, _ body: (Int, Int) -> Void) {
    let items = steps.count * branch.states
    // A single token takes less time than telling other threads about it.
    if steps.count == 1, steps[0].rows.count == 1 {
      (0..<items).forEach { body(0, $0) }
    } else {
      parallel.forEach(items, body)
    }
  }

  /// Makes what joins at each step [steps, states, stateSize] the states that its queries see.
  private func carry(_ steps: [BranchStep], _ chain: UnsafeMutablePointer<Float>) {
    let size = branch.stateSize
    for (number, step) in steps.enumerated() where step.joining != nil {
      // Only a call's first step may go on where the last call stopped.
      let before =
        number > 0 && steps[number - 1].joining != nil
        ? chain + (number - 1) * sums.count : sums.pointer
      for state in 0..<branch.states {
        kernels().pointee.axpby(
          chain + number * sums.count + state * size, before + state * size, 1,
          branch.decay(of: state), Int64(size))
      }
    }
  }

  /// What a step's queries see of a state, merged into `exact`.
  private func see(
    _ source: UnsafePointer<Float>, _ step: BranchStep, _ state: Int, _ queries: BranchQueries,
    position: Int, into exact: ExactAttention,
    _ scratch: BufferPool
  ) {
    let share = branch.share
    let dim = branch.headDim
    let numerator = scratch.buffer("branch.numerator", LinearBranch.step * share * dim)
    let denominator = scratch.buffer("branch.denominator", LinearBranch.step * share)
    let first =
      (state * queries.rows.count + step.rows.lowerBound - queries.rows.lowerBound) * share
    kernels().pointee.branch_outputs(
      numerator, denominator, source, queries.features + first * branch.features,
      Int64(step.rows.count * share),
      Int64(branch.features), Int64(dim))
    exact.merge(
      numerator, denominator, queries.gains + first, rows: step.rows,
      age: (position + step.rows.lowerBound) % LinearBranch.step,
      state: state, branch)
  }
}

/// Rows of a call between two moves of the border.
private struct BranchStep {
  let rows: Range<Int>
  /// Positions of the keys that join before these rows; nil where a call goes on within a step.
  let joining: Range<Int>?

  static func all(of rows: Range<Int>, position: Int, window: Int, sinks: Int) -> [BranchStep] {
    let size = LinearBranch.step
    var steps: [BranchStep] = []
    var row = rows.lowerBound
    while row < rows.upperBound {
      let begin = (position + row) / size * size
      let border = begin - window
      let joining = begin == position + row ? max(sinks, border - size + 1)..<border + 1 : nil
      let next = min(rows.upperBound, begin + size - position)
      steps.append(BranchStep(rows: row..<next, joining: joining))
      row = next
    }

    return steps
  }
}

/// What the window gave: out [rows, heads, headDim], and the logs of its denominators [rows,
/// heads].
struct ExactAttention {
  let out: UnsafeMutablePointer<Float>
  let logSums: UnsafeMutablePointer<Float>

  /// Joins these rows of a state's heads with the branch's part.
  /// - Parameter age: tokens from the state's last step to the first row.
  func merge(
    _ numerator: UnsafePointer<Float>, _ denominator: UnsafeMutablePointer<Float>,
    _ gains: UnsafeMutablePointer<Float>,
    rows: Range<Int>, age: Int, state: Int, _ branch: LinearBranch
  ) {
    let heads = branch.queries.heads
    let share = branch.share
    let dim = branch.headDim
    let first = rows.lowerBound * heads + state * share
    kernels().pointee.branch_merge(
      out + first * dim, Int64(heads * dim), logSums + first, Int64(heads), numerator, denominator,
      gains, branch.slopes[state],
      Int64(age), Int64(rows.count), Int64(share), Int64(dim))
  }
}
