import CKernels

/// The part of a layer that treats each position alone.
protocol FeedForward {
  /// y [rows, hidden] from x [rows, hidden].
  func callAsFunction(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ workspace: Workspace)
}

/// y = W_down(silu(W_gate x) * W_up x) (SwiGLU, arXiv 2002.05202).
struct GatedMLP: FeedForward {
  let gate: Linear  // [intermediate, hidden]
  let up: Linear  // [intermediate, hidden]
  let down: Linear  // [hidden, intermediate]

  func callAsFunction(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ workspace: Workspace) {
    let gated = workspace.buffer("mlp.gate", rows * gate.outputs)
    let raised = workspace.buffer("mlp.up", rows * gate.outputs)
    Linear.apply([(gate, gated), (up, raised)], to: x, rows: rows, workspace)
    workspace.parallel.forRanges(rows, grain: 8) { range in
      let start = range.lowerBound * gate.outputs
      kernels().pointee.silu_mul(gated + start, raised + start, Int64(range.count * gate.outputs))
    }
    down(gated, rows: rows, into: y, workspace)
  }
}
