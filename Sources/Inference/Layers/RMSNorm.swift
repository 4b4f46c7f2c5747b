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
  func callAsFunction(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>) {
    kernels().pointee.rms_norm(y, x, weight, Int64(rows), Int64(weight.count), eps)
  }
}
