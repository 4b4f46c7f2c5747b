import CKernels
import Foundation

/// Query, key and value projections around a memory of keys and values:
///
///     y = W_o (sigmoid(W_g x) * attention(rope(norm(W_q x)), memory + rope(norm(W_k x)), memory +
///     W_v x))
///
/// of which norms, rotation and gate are there where the architecture has them.
struct AttentionMixer: Mixer {
  let memory: KeyValueMemory
  let projection: AttentionProjection
  let out: Linear  // [hidden, heads * headDim]
  let attention: Attention
  let rope: RotaryEmbedding?
  /// Over a head, or over all heads together: the weight's width tells.
  var queryNorm: RMSNorm?
  var keyNorm: RMSNorm?
  var gate: Linear?  // [heads * headDim, hidden]
  var queryScaling: QueryScaling?

  var kind: MixerKind { memory.kind }
  var countsPositions: Bool { kind == .softmax && rope != nil }

  func makeState(_ precision: StoredPrecision) -> any MixerState {
    let shape = KeyValueShape(keyHeads: attention.keyHeads, headDim: attention.headDim)
    switch memory {
    case .softmax: return SoftmaxState(shape, precision)
    case .window(let size, let sinks): return WindowState(shape, size: size, sinks: sinks)
    case .bounded(let limits): return BoundedState(shape, limits)
    case .lightning(let size, let sinks, let branch):
      return ConvertedState(shape, size: size, sinks: sinks, branch)
    }
  }

  func mix(
    _ x: UnsafePointer<Float>, _ segments: [Segment], into y: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let rows = segments.rowCount
    let width = attention.heads * attention.headDim
    let keyWidth = attention.keyHeads * attention.headDim
    let mixed = workspace.buffer("attention.mixed", rows * width)
    let gates = gate.map { ($0, workspace.buffer("attention.gate", rows * width)) }
    let projected = projection(x, rows: rows, attention, beside: gates, workspace)
    queryNorm?.normHeads(projected.query, rows: rows, width: width, workspace.parallel)
    keyNorm?.normHeads(projected.key, rows: rows, width: keyWidth, workspace.parallel)
    for segment in segments {
      guard let state = segment.state as? any KeyValueState else {
        preconditionFailure("an attention layer got another layer's state")
      }
      let own = projected.from(row: segment.firstRow, width: width, keyWidth: keyWidth)
      queryScaling?.scale(
        own.query, rows: segment.rows.count, width: width, position: segment.rows.position)
      state.attend(
        own, segment.rows, attention, rope, into: mixed + segment.firstRow * width, workspace)
    }

    if let (_, values) = gates {
      workspace.parallel.forRanges(rows * width, grain: 8192) { range in
        kernels().pointee.sigmoid_mul(
          mixed + range.lowerBound, values + range.lowerBound, Int64(range.count))
      }
    }

    out(mixed, rows: rows, into: y, workspace)
  }

  func stateBytes(at depth: Int) -> Int {
    2 * memory.precision.bytes * attention.keyHeads * attention.headDim * memory.kept(at: depth)
      + (memory.branch?.stateBytes(keys: memory.kept(at: depth)) ?? 0)
  }

  var parameters: ParameterCount {
    let beside = (gate?.parameters ?? 0) + (memory.branch?.parameters ?? 0)
    return ParameterCount(all: projection.parameters + out.parameters + beside)
  }

  /// Scores and weighted values: 4 operations for each head element of each visible key.
  func operations(at depth: Int) -> Double {
    Double(4 * attention.heads * attention.headDim * memory.visible(at: depth))
      + memory.branchOperations(at: depth)
  }
}

/// W_q, W_k and W_v, apart or as the row blocks of one matrix.
enum AttentionProjection {
  case separate(query: Linear, key: Linear, value: Linear)
  case fused(Linear)  // [queries | keys | values, hidden]

  func callAsFunction(
    _ x: UnsafePointer<Float>, rows: Int, _ attention: Attention,
    beside gate: (Linear, UnsafeMutablePointer<Float>)?,
    _ workspace: Workspace
  ) -> Projections {
    let width = attention.heads * attention.headDim
    let keyWidth = attention.keyHeads * attention.headDim
    let projected = Projections(
      query: workspace.buffer("attention.q", rows * width),
      key: workspace.buffer("attention.k", rows * keyWidth),
      value: workspace.buffer("attention.v", rows * keyWidth))
    let beside = gate.map { [(linear: $0.0, y: $0.1)] } ?? []
    switch self {
    case .separate(let query, let key, let value):
      Linear.apply(
        [(query, projected.query), (key, projected.key), (value, projected.value)] + beside, to: x,
        rows: rows, workspace)
    case .fused(let linear):
      let all = workspace.buffer("attention.qkv", rows * linear.outputs)
      Linear.apply([(linear, all)] + beside, to: x, rows: rows, workspace)
      let parts = [
        (projected.query, width), (projected.key, keyWidth), (projected.value, keyWidth),
      ]
      ColumnBlocks.split(all, rows: rows, into: parts, workspace.parallel)
    }

    return projected
  }

  var isQuantized: Bool {
    switch self {
    case .separate(let query, _, _): query.isQuantized
    case .fused(let linear): linear.isQuantized
    }
  }

  var parameters: Int {
    switch self {
    case .separate(let query, let key, let value):
      query.parameters + key.parameters + value.parameters
    case .fused(let linear): linear.parameters
    }
  }
}

/// q * factor(position), which some models without rotation learn longer contexts by.
enum QueryScaling {
  case constant(Float)
  /// ln(position + base) / ln(base) (HypeNet, arXiv 2601.22156, section 4.2).
  case logarithmic(base: Double)

  func scale(_ query: UnsafeMutablePointer<Float>, rows: Int, width: Int, position: Int) {
    for row in 0..<rows {
      let factor = factor(position + row)
      for index in row * width..<(row + 1) * width { query[index] *= factor }
    }
  }

  private func factor(_ position: Int) -> Float {
    switch self {
    case .constant(let factor): factor
    case .logarithmic(let base): Float(log(Double(position) + base) / log(base))
    }
  }
}
