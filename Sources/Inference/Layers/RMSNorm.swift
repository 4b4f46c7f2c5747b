import CKernels

/// y = x / sqrt(mean(x^2) + eps) * weight (arXiv 1910.07467).
struct RMSNorm {
  let weight: [Float]  // [dim]
  let eps: Float

  init(_ checkpoint: Checkpoint, _ name: String, count: Int, eps: Double) throws {
    weight = try checkpoint.vector(name + ".weight", count: count)
    self.eps = Float(eps)
  }

  /// y [rows, dim] from x [rows, dim]; y may be x.
  func callAsFunction(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ parallel: Parallel) {
    let dim = weight.count
    parallel.forRanges(rows, grain: 16) { range in
      let start = range.lowerBound * dim
      kernels().pointee.rms_norm(y + start, x + start, weight, Int64(range.count), Int64(dim), eps)
    }
  }
}
