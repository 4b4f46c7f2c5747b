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

  func makeState() -> any MixerState {
    let shape = KeyValueShape(keyHeads: attention.keyHeads, headDim: attention.headDim)
    switch memory {
    case .softmax: return SoftmaxState(shape)
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
    let rows = segments.rows
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
        own.query, rows: segment.block.rows, width: width, position: segment.block.position)
      state.attend(
        own, segment.block, attention, rope, into: mixed + segment.firstRow * width, workspace)
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
    8 * attention.keyHeads * attention.headDim * memory.kept(at: depth)
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

/// The columns of a matrix as matrices of their own.
enum ColumnBlocks {
  static func split(
    _ source: UnsafePointer<Float>, rows: Int,
    into parts: [(target: UnsafeMutablePointer<Float>, width: Int)], _ parallel: Parallel
  ) {
    let total = parts.reduce(0) { $0 + $1.width }
    parallel.forRanges(rows, grain: 16) { range in
      for row in range {
        var start = source + row * total
        for (target, width) in parts {
          (target + row * width).update(from: start, count: width)
          start += width
        }
      }
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

/// What of the past an attention layer keeps.
enum KeyValueMemory {
  case softmax
  case window(size: Int, sinks: Int)
  case bounded(BoundedLimits)
  /// A window, and a linear branch for what left it.
  case lightning(size: Int, sinks: Int, LightningBranch)

  var branch: LightningBranch? {
    if case .lightning(_, _, let branch) = self { branch } else { nil }
  }

  /// The branch sees nothing before a token that is no sink has left the window.
  func branchOperations(at depth: Int) -> Double {
    if case .lightning(let size, let sinks, let branch) = self, depth >= size + sinks {
      branch.operations
    } else {
      0
    }
  }

  var kind: MixerKind {
    switch self {
    case .softmax: .softmax
    case .window: .window
    case .bounded: .bounded
    case .lightning: .lightning
    }
  }

  /// Entries that are in memory after this many tokens.
  func kept(at depth: Int) -> Int {
    switch self {
    case .softmax: depth
    case .window(let size, let sinks): min(depth, WindowState.mostEntries(size) + sinks)
    case .lightning(let size, let sinks, _):
      min(depth, WindowState.mostEntries(LightningBranchState.kept(size)) + sinks)
    case .bounded(let limits):
      min(depth, limits.sinks + limits.kept + limits.window + LanguageModel.blockSize)
    }
  }

  /// Keys that a token at this depth sees.
  func visible(at depth: Int) -> Int {
    switch self {
    case .softmax: depth + 1
    case .window(let size, let sinks): min(depth + 1, size + sinks)
    // Half a step more on average.
    case .lightning(let size, let sinks, _): min(depth + 1, size + LightningBranch.step / 2 + sinks)
    // Between two closed blocks the newest tokens are kept too: half a block on average.
    case .bounded(let limits):
      min(depth + 1, limits.sinks + limits.kept + limits.window + LanguageModel.blockSize / 2)
    }
  }
}

struct KeyValueShape {
  let keyHeads: Int
  let headDim: Int
}

/// A block's projections, not yet rotated.
struct Projections {
  let query: UnsafeMutablePointer<Float>  // [rows, heads, headDim]
  let key: UnsafeMutablePointer<Float>  // [rows, keyHeads, headDim]
  let value: UnsafeMutablePointer<Float>  // [rows, keyHeads, headDim]

  func from(row: Int, width: Int, keyWidth: Int) -> Projections {
    Projections(
      query: query + row * width, key: key + row * keyWidth, value: value + row * keyWidth)
  }
}

/// A memory of keys and values.
protocol KeyValueState: MixerState {
  func attend(
    _ block: Projections, _ info: Block, _ attention: Attention, _ rope: RotaryEmbedding?,
    into out: UnsafeMutablePointer<Float>,
    _ workspace: Workspace)
}
