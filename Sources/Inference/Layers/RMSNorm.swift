import CKernels

/// y = x / sqrt(mean(x^2) + eps) * weight (arXiv 1910.07467), over each of `groups` equal
/// parts of the weight's channels.
struct RMSNorm {
  let weight: [Float]  // [groups * dim]
  let groups: Int
  let eps: Float

  init(_ weights: ModelWeights, _ name: String, count: Int, groups: Int = 1, eps: Double) throws {
    guard count % groups == 0 else {
      throw ModelError.malformedConfiguration(
        key: "group_norm_size", reason: "is \(groups), which does not divide \(count) channels")
    }

    weight = try weights.vector(name + ".weight", count: count)
    self.groups = groups
    self.eps = Float(eps)
  }

  /// A norm without a learned weight.
  init(count: Int, eps: Double) {
    weight = Array(repeating: 1, count: count)
    groups = 1
    self.eps = Float(eps)
  }

  /// y [rows, channels] from x [rows, channels]; y may be x.
  func callAsFunction(
    _ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ parallel: Parallel
  ) {
    parallel.forRanges(rows, grain: max(1, 8192 / weight.count)) { range in
      let start = range.lowerBound * weight.count
      kernels().pointee.rms_norm(
        y + start, x + start, weight, Int64(range.count), Int64(groups),
        Int64(weight.count / groups), eps)
    }
  }

  /// The same where a row holds several heads of this norm's width.
  func normHeads(_ x: UnsafeMutablePointer<Float>, rows: Int, width: Int, _ parallel: Parallel) {
    self(x, rows: rows * width / weight.count, into: x, parallel)
  }
}
