import CKernels

/// Lightning attention (arXiv 2401.04658; MiniMax-01, arXiv 2501.08313, section 2.2), in the
/// forms that its published models have:
///
///     q, k, v = act(W x), per-head norm and rotation where there are some
///     S_t = exp(-slope_h) S_{t-1} + k_t v_t^T,  o_t = scale q_t S_t
///     y   = W_out(gate * norm(o))
struct LightningMixer: Mixer {
  let kind = MixerKind.lightning
  let shape: LightningShape
  let slopes: [Float]  // [heads], decay is exp(-slope)
  let projection: LightningProjection
  var activation = LightningActivation.none
  var queryNorm: RMSNorm?  // [headDim]
  var keyNorm: RMSNorm?
  var rotation = LightningRotation.none
  var scale: Float = 1
  var norm: RMSNorm?  // [heads * headDim]
  var gate: Linear?  // [heads * headDim, hidden], through a sigmoid
  let out: Linear  // [hidden, heads * headDim]

  func makeState(_: StoredPrecision) -> any MixerState {
    LightningState(heads: shape.heads, headDim: shape.headDim, parts: rotation.doublesKeys ? 2 : 1)
  }

  func mix(
    _ x: UnsafePointer<Float>, _ segments: [Segment], into y: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let rows = segments.rowCount
    let width = shape.width
    let parallel = workspace.parallel
    let mixed = workspace.buffer("lightning.mixed", rows * width)
    let gates = gate.map { ($0, workspace.buffer("lightning.gate", rows * width)) }
    let projected = projection(x, rows: rows, shape, activation, beside: gates, workspace)
    if let queryNorm, let keyNorm {
      queryNorm.normHeads(projected.query.pointer, rows: rows, width: width, parallel)
      keyNorm.normHeads(projected.key.pointer, rows: rows, width: shape.keyWidth, parallel)
    }

    for segment in segments {
      guard let state = segment.state as? LightningState else {
        preconditionFailure("a lightning layer got another layer's state")
      }
      let own = projected.from(row: segment.firstRow)
      attend(own, segment.rows, state: state, into: mixed + segment.firstRow * width, workspace)
    }

    finish(mixed, projected, gates: gates?.1, rows: rows, parallel)
    out(mixed, rows: rows, into: y, workspace)
  }

  private func attend(
    _ projected: LightningProjections, _ rows: Rows, state: LightningState,
    into mixed: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    switch rotation {
    case .none: run(projected, rows: rows.count, state: state, part: 0, into: mixed, workspace)
    case .rope(let rope):
      let positions = rows.position..<rows.position + rows.count
      rope.rotate(
        projected.query.pointer, heads: shape.heads, headDim: shape.headDim, positions: positions,
        workspace.parallel)
      rope.rotate(
        projected.key.pointer, heads: shape.keyHeads, headDim: shape.headDim, positions: positions,
        workspace.parallel)
      run(projected, rows: rows.count, state: state, part: 0, into: mixed, workspace)
    case .lrpe(let angles):
      let (cosines, sines) = angles.turned(projected, rows, shape, workspace)
      let second = workspace.buffer("lightning.second", rows.count * shape.width)
      run(cosines, rows: rows.count, state: state, part: 0, into: mixed, workspace)
      run(sines, rows: rows.count, state: state, part: 1, into: second, workspace)
      kernels().pointee.axpby(mixed, second, 1, 1, Int64(rows.count * shape.width))
    }
  }

  private func run(
    _ projected: LightningProjections, rows: Int, state: LightningState, part: Int,
    into mixed: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let dim = shape.headDim
    let block = Int(LIGHTNING_BLOCK)
    let matrices = state.matrices.pointer + part * shape.heads * dim * dim
    workspace.profile?.begin(.lightning)
    defer { workspace.profile?.end() }
    workspace.parallel.forEach(shape.heads) { thread, head in
      let scratch = workspace.scratch(thread).buffer("lightning", block * (block + 2 * dim))
      let q = projected.query
      let k = projected.key
      let v = projected.value
      let keyHead = head / (shape.heads / shape.keyHeads)
      kernels().pointee.lightning(
        mixed + head * dim, Int64(shape.width), q.pointer + head * q.head, Int64(q.row),
        k.pointer + keyHead * k.head, Int64(k.row),
        v.pointer + keyHead * v.head, Int64(v.row), matrices + head * dim * dim, slopes[head],
        Int64(rows), Int64(dim), scratch)
    }
  }

  private func finish(
    _ mixed: UnsafeMutablePointer<Float>, _ projected: LightningProjections,
    gates: UnsafePointer<Float>?, rows: Int, _ parallel: Parallel
  ) {
    let width = shape.width
    if scale != 1 {
      parallel.forRanges(rows * width, grain: 16_384) { range in
        kernels().pointee.axpby(
          mixed + range.lowerBound, mixed + range.lowerBound, 0, scale, Int64(range.count))
      }
    }

    norm?(mixed, rows: rows, into: mixed, parallel)
    parallel.forRanges(rows * width, grain: 8192) { range in
      let start = range.lowerBound
      let count = Int64(range.count)
      if let gates { kernels().pointee.sigmoid_mul(mixed + start, gates + start, count) }
      if let factor = projected.factor {
        kernels().pointee.mul(mixed + start, factor + start, count)
      }
    }
  }

  func stateBytes(at depth: Int) -> Int {
    4 * (rotation.doublesKeys ? 2 : 1) * shape.width * shape.headDim
  }

  var parameters: ParameterCount {
    ParameterCount(all: projection.parameters + out.parameters + (gate?.parameters ?? 0))
  }

  /// q S, k v^T and the products within a block: the same at every depth.
  func operations(at depth: Int) -> Double {
    let parts = rotation.doublesKeys ? 2 : 1
    return Double(parts * 4 * shape.width * (shape.headDim + Int(LIGHTNING_BLOCK) / 2))
  }
}

struct LightningShape {
  let heads: Int
  /// Fewer where several heads share keys and values.
  let keyHeads: Int
  let headDim: Int

  var width: Int { heads * headDim }
  var keyWidth: Int { keyHeads * headDim }
}

/// S [parts, heads, head_dim, head_dim] in fp32: rows are key elements, columns values.
final class LightningState: MixerState {
  let matrices: FloatBuffer

  init(heads: Int, headDim: Int, parts: Int) {
    matrices = FloatBuffer(parts * heads * headDim * headDim)
  }
  private init(_ matrices: FloatBuffer) { self.matrices = matrices }

  func copy() -> any MixerState { LightningState(matrices.resized(to: matrices.count)) }
  var byteCount: Int { matrices.count * 4 }
  var numbers: [Float] {
    Array(UnsafeBufferPointer(start: matrices.pointer, count: matrices.count))
  }

  func save(to writer: inout StateWriter) { matrices.save(to: &writer) }
  func restore(from reader: inout StateReader) throws { try matrices.restore(from: &reader) }
}
