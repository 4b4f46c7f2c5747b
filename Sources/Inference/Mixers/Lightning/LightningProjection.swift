import CKernels
import Foundation

/// How a lightning layer's weights are laid out.
enum LightningProjection {
  /// Rows of head 0: its queries, keys, values; then those of head 1 (MiniMax-01).
  case interleaved(Linear)  // [heads * 3 * headDim, hidden]
  /// All queries, all keys, all values (Ring-linear).
  case blocks(Linear)  // [3 * heads * headDim, hidden]
  /// The same and a fourth block that multiplies the output (TransNormerLLM).
  case blocksWithFactor(Linear)  // [4 * heads * headDim, hidden]
  case separate(query: Linear, key: Linear, value: Linear)

  var parameters: Int {
    switch self {
    case .interleaved(let linear), .blocks(let linear), .blocksWithFactor(let linear):
      linear.parameters
    case .separate(let query, let key, let value):
      query.parameters + key.parameters + value.parameters
    }
  }

  func callAsFunction(
    _ x: UnsafePointer<Float>, rows: Int, _ shape: LightningShape,
    _ activation: LightningActivation,
    beside gate: (Linear, UnsafeMutablePointer<Float>)?, _ workspace: Workspace
  ) -> LightningProjections {
    let width = shape.width
    let keyWidth = shape.keyWidth
    let beside = gate.map { [(linear: $0.0, y: $0.1)] } ?? []
    if case .interleaved(let linear) = self {
      let all = workspace.buffer("lightning.qkv", rows * 3 * width)
      Linear.apply([(linear, all)] + beside, to: x, rows: rows, workspace)
      activation.apply(to: all, count: rows * 3 * width, part: .all, workspace.parallel)
      return .interleaved(all, shape)
    }

    let parts = ["lightning.q", "lightning.k", "lightning.v"].enumerated().map { index, name in
      workspace.buffer(name, rows * (index == 0 ? width : keyWidth))
    }
    var factor: UnsafeMutablePointer<Float>?
    switch self {
    case .separate(let query, let key, let value):
      Linear.apply(
        [(query, parts[0]), (key, parts[1]), (value, parts[2])] + beside, to: x, rows: rows,
        workspace)
    case .blocks(let linear), .blocksWithFactor(let linear), .interleaved(let linear):
      let all = workspace.buffer("lightning.qkv", rows * linear.outputs)
      Linear.apply([(linear, all)] + beside, to: x, rows: rows, workspace)
      var blocks = parts.map { (target: $0, width: width) }
      if case .blocksWithFactor = self {
        let buffer = workspace.buffer("lightning.factor", rows * width)
        blocks.append((buffer, width))
        factor = buffer
      }
      ColumnBlocks.split(all, rows: rows, into: blocks, workspace.parallel)
    }
    activation.apply(to: parts[0], count: rows * width, part: .queriesAndKeys, workspace.parallel)
    activation.apply(
      to: parts[1], count: rows * keyWidth, part: .queriesAndKeys, workspace.parallel)
    activation.apply(to: parts[2], count: rows * keyWidth, part: .values, workspace.parallel)

    return .separate(query: parts[0], key: parts[1], value: parts[2], factor: factor, shape)
  }
}

/// The function on projections, before norms and rotation.
enum LightningActivation {
  case none
  /// SiLU on queries, keys and values.
  case siluOnAll
  case onQueriesAndKeys(Function)

  enum Function { case silu, relu }
  enum Part { case all, queriesAndKeys, values }

  func apply(to x: UnsafeMutablePointer<Float>, count: Int, part: Part, _ parallel: Parallel) {
    let function: Function
    switch self {
    case .none: return
    case .siluOnAll: function = .silu
    case .onQueriesAndKeys(let chosen):
      if part == .values { return }
      function = chosen
    }
    parallel.forRanges(count, grain: 8192) { range in
      switch function {
      case .silu: kernels().pointee.silu(x + range.lowerBound, Int64(range.count))
      case .relu: for index in range { x[index] = max(x[index], 0) }
      }
    }
  }
}

/// Rows of one of q, k, v with the distances between heads and between rows.
struct HeadRows {
  let pointer: UnsafeMutablePointer<Float>
  let head: Int
  let row: Int

  func from(row first: Int) -> HeadRows {
    HeadRows(pointer: pointer + first * row, head: head, row: row)
  }
}

struct LightningProjections {
  let query: HeadRows
  let key: HeadRows
  let value: HeadRows
  /// Multiplies the normed output [rows, heads * headDim].
  var factor: UnsafeMutablePointer<Float>?

  func from(row: Int) -> Self {
    Self(
      query: query.from(row: row), key: key.from(row: row), value: value.from(row: row), factor: nil
    )
  }

  static func interleaved(_ all: UnsafeMutablePointer<Float>, _ shape: LightningShape) -> Self {
    let dim = shape.headDim
    let row = 3 * shape.width
    return Self(
      query: HeadRows(pointer: all, head: 3 * dim, row: row),
      key: HeadRows(pointer: all + dim, head: 3 * dim, row: row),
      value: HeadRows(pointer: all + 2 * dim, head: 3 * dim, row: row))
  }

  static func separate(
    query: UnsafeMutablePointer<Float>, key: UnsafeMutablePointer<Float>,
    value: UnsafeMutablePointer<Float>,
    factor: UnsafeMutablePointer<Float>?, _ shape: LightningShape
  ) -> Self {
    Self(
      query: HeadRows(pointer: query, head: shape.headDim, row: shape.width),
      key: HeadRows(pointer: key, head: shape.headDim, row: shape.keyWidth),
      value: HeadRows(pointer: value, head: shape.headDim, row: shape.keyWidth), factor: factor)
  }
}

/// How positions enter queries and keys of a lightning layer, beside the decay.
enum LightningRotation {
  case none
  case rope(RotaryEmbedding)
  case lrpe(LinearizedPositions)

  var doublesKeys: Bool {
    if case .lrpe = self { true } else { false }
  }
}

/// LRPE (arXiv 2307.09270; TransNormerLLM's modelling code): each channel becomes its cosine
/// and its sine part, turned by a learned angle a token, so keys are twice as wide.
struct LinearizedPositions {
  let angles: [Float]  // [heads * headDim], radians a token

  func turned(
    _ projected: LightningProjections, _ rows: Rows, _ shape: LightningShape,
    _ workspace: Workspace
  ) -> (
    cosines: LightningProjections, sines: LightningProjections
  ) {
    let count = rows.count * shape.width
    let buffers = ["qc", "kc", "qs", "ks"].map { workspace.buffer("lrpe." + $0, count) }
    workspace.parallel.forRanges(rows.count, grain: 8) { range in
      for index in range.lowerBound * shape.width..<range.upperBound * shape.width {
        // In double: fp32 loses a radian's thousandth at position 100,000.
        let angle =
          Double(angles[index % shape.width]) * Double(rows.position + index / shape.width)
        let c = Float(cos(angle))
        let s = Float(sin(angle))
        let q = projected.query.pointer[index]
        let k = projected.key.pointer[index]
        buffers[0][index] = q * c
        buffers[1][index] = k * c
        buffers[2][index] = q * s
        buffers[3][index] = k * s
      }
    }
    let value = projected.value.pointer

    return (
      .separate(query: buffers[0], key: buffers[1], value: value, factor: nil, shape),
      .separate(query: buffers[2], key: buffers[3], value: value, factor: nil, shape)
    )
  }
}
