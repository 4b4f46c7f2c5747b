import CKernels

/// Query, key and value projections around a memory of keys and values:
///
///     y = W_o attention(rope(W_q x), memory + rope(W_k x), memory + W_v x)
struct AttentionMixer: Mixer {
  let memory: KeyValueMemory
  let query: Linear  // [heads * headDim, hidden]
  let key: Linear  // [keyHeads * headDim, hidden]
  let value: Linear  // [keyHeads * headDim, hidden]
  let out: Linear  // [hidden, heads * headDim]
  let attention: Attention
  let rope: RotaryEmbedding

  var kind: MixerKind { memory.kind }

  func makeState() -> any MixerState {
    let shape = KeyValueShape(keyHeads: attention.keyHeads, headDim: attention.headDim)
    switch memory {
    case .softmax: return SoftmaxState(shape)
    case .window(let size, let sinks): return WindowState(shape, size: size, sinks: sinks)
    case .bounded(let limits): return BoundedState(shape, limits)
    }
  }

  func mix(_ x: UnsafePointer<Float>, _ block: Block, state: any MixerState, into y: UnsafeMutablePointer<Float>, _ workspace: Workspace) {
    guard let state = state as? any KeyValueState else { preconditionFailure("an attention layer got another layer's state") }
    let queryWidth = attention.heads * attention.headDim
    let keyWidth = attention.keyHeads * attention.headDim
    let projected = Projections(
      query: workspace.buffer("attention.q", block.rows * queryWidth),
      key: workspace.buffer("attention.k", block.rows * keyWidth),
      value: workspace.buffer("attention.v", block.rows * keyWidth))
    let mixed = workspace.buffer("attention.mixed", block.rows * queryWidth)
    Linear.apply([(query, projected.query), (key, projected.key), (value, projected.value)], to: x, rows: block.rows, workspace)
    state.attend(projected, block, attention, rope, into: mixed, workspace)
    out(mixed, rows: block.rows, into: y, workspace)
  }
}

/// What of the past an attention layer keeps.
enum KeyValueMemory {
  case softmax
  case window(size: Int, sinks: Int)
  case bounded(BoundedLimits)

  var kind: MixerKind {
    switch self {
    case .softmax: .softmax
    case .window: .window
    case .bounded: .bounded
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
}

/// A memory of keys and values.
protocol KeyValueState: MixerState {
  func attend(
    _ block: Projections, _ info: Block, _ attention: Attention, _ rope: RotaryEmbedding, into out: UnsafeMutablePointer<Float>,
    _ workspace: Workspace)
}
