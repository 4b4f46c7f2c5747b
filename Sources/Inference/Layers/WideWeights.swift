import CKernels
import COpenBLAS

/// Weights [outputs, inputs] as published, multiplied in fp32.
///
/// Narrow ones are widened slice by slice into the calling thread's scratch, so the
/// only full copy of the weights is the page cache's.
struct WideWeights {
  /// Rows of W that one GEMM call takes: its fp32 slice stays in a core's L2.
  private static let sliceElements = 192 * 1024
  private static let outputsAtOnce = 16

  private let weight: Tensor
  private let outputs: Int
  private let inputs: Int

  init(_ weight: Tensor) {
    self.weight = weight
    outputs = weight.shape[0]
    inputs = weight.shape[1]
  }

  var byteCount: Int { weight.bytes.count }
  private var scratchCount: Int { max(Self.sliceElements, inputs) }

  func multiply(
    _ x: UnsafePointer<Float>, rows: Int, _ way: ProductWay,
    into y: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    if way == .vectors, weight.type.hasVectorProduct {
      multiplyVectors(x, rows: rows, into: y, workspace.parallel)
    } else {
      multiplyMatrix(x, rows: rows, into: y, workspace)
    }
  }

  private func multiplyVectors(
    _ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ parallel: Parallel
  ) {
    parallel.forRanges(outputs, grain: 16) { range in
      // For several rows, few outputs at a time: their weights are in cache for the next row.
      let step = rows == 1 ? range.count : Self.outputsAtOnce
      for first in stride(from: range.lowerBound, to: range.upperBound, by: step) {
        let count = min(step, range.upperBound - first)
        for row in 0..<rows {
          kernels().pointee.gemv(
            y + row * outputs + first, weight.address(row: first), weight.type.kernel,
            x + row * inputs, Int64(count), Int64(inputs))
        }
      }
    }
  }

  private func multiplyMatrix(
    _ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let slice = sliceRows(threads: workspace.parallel.threads)
    workspace.parallel.forEach((outputs + slice - 1) / slice) { thread, item in
      let first = item * slice
      let count = min(slice, outputs - first)
      let wide = widened(
        first: first, count: count,
        scratch: workspace.scratch(thread).buffer("widening", scratchCount))
      openblas_gemm(
        Int32(rows), Int32(count), Int32(inputs), 1, x, Int32(inputs), wide, Int32(inputs), 1, 0,
        y + first, Int32(outputs))
    }
  }

  /// Rows of W per slice: few enough for the cache, and as many slices for each thread.
  private func sliceRows(threads: Int) -> Int {
    let largest = max(1, Self.sliceElements / inputs)
    let rounds = (outputs + largest * threads - 1) / (largest * threads)
    return max(1, (outputs + rounds * threads - 1) / (rounds * threads))
  }

  private func widened(first: Int, count: Int, scratch: UnsafeMutablePointer<Float>)
    -> UnsafePointer<Float>
  {
    if weight.type == .float32, UInt(bitPattern: weight.address(row: first)) % 4 == 0 {
      return UnsafePointer(weight.address(row: first).assumingMemoryBound(to: Float.self))
    }
    weight.widen(row: first, count: count, into: scratch)
    return UnsafePointer(scratch)
  }

  func row(_ index: Int, into x: UnsafeMutablePointer<Float>) {
    weight.widen(row: index, count: 1, into: x)
  }
}
