import CKernels
import COpenBLAS

/// Weights [outputs, inputs] in fp32, fp16 or bf16, multiplied in fp32.
///
/// Narrow ones are widened slice by slice into the calling thread's scratch, so the
/// only full copy of the weights is the page cache's.
struct WideWeights {
  /// Rows of W that one GEMM call takes: its fp32 slice stays in a core's L2.
  private static let sliceElements = 192 * 1024
  private static let gemvRows = 3

  private let weight: Tensor
  private let outputs: Int
  private let inputs: Int

  init(_ weight: Tensor, outputs: Int, inputs: Int) {
    (self.weight, self.outputs, self.inputs) = (weight, outputs, inputs)
  }

  var byteCount: Int { weight.bytes.count }
  private var scratchCount: Int { max(Self.sliceElements, inputs) }

  func multiply(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ workspace: Workspace) {
    if rows <= Self.gemvRows {
      multiplyVectors(x, rows: rows, into: y, workspace.parallel)
    } else {
      multiplyMatrix(x, rows: rows, into: y, workspace)
    }
  }

  private func multiplyVectors(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ parallel: Parallel) {
    parallel.forRanges(outputs, grain: 16) { range in
      for row in 0..<rows {
        kernels().pointee.gemv(
          y + row * outputs + range.lowerBound, address(row: range.lowerBound), weight.type.kernel, x + row * inputs,
          Int64(range.count), Int64(inputs))
      }
    }
  }

  private func multiplyMatrix(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ workspace: Workspace) {
    let slice = sliceRows(threads: workspace.parallel.threads)
    workspace.parallel.forEach((outputs + slice - 1) / slice) { thread, item in
      let first = item * slice
      let count = min(slice, outputs - first)
      let wide = widened(first: first, count: count, scratch: workspace.scratch(thread).buffer("widening", scratchCount))
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

  private func widened(first: Int, count: Int, scratch: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
    if weight.type == .float32, UInt(bitPattern: address(row: first)) % 4 == 0 {
      return UnsafePointer(address(row: first).assumingMemoryBound(to: Float.self))
    }
    kernels().pointee.widen(scratch, address(row: first), weight.type.kernel, Int64(count * inputs))
    return UnsafePointer(scratch)
  }

  private func address(row: Int) -> UnsafeRawPointer {
    weight.bytes.baseAddress.unsafelyUnwrapped + row * inputs * weight.type.byteCount
  }

  func row(_ index: Int, into x: UnsafeMutablePointer<Float>) {
    kernels().pointee.widen(x, address(row: index), weight.type.kernel, Int64(inputs))
  }
}
