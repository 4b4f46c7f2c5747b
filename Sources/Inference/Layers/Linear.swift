import CKernels
import COpenBLAS

/// y = W x + b, with W [outputs, inputs] as it lies in the mapped file.
///
/// Narrow weights are widened slice by slice into the calling thread's scratch,
/// so the only full copy of the weights is the page cache's.
struct Linear {
  /// Rows of W that one GEMM call takes: its fp32 slice stays in a core's L2.
  private static let sliceElements = 192 * 1024
  private static let gemvRows = 3

  let outputs: Int
  let inputs: Int
  private let weight: Tensor
  private let bias: [Float]?

  /// - Throws: `ModelError` when the tensor is missing or of another shape.
  init(_ checkpoint: Checkpoint, _ name: String, outputs: Int, inputs: Int, bias: Bool = false) throws {
    self.outputs = outputs
    self.inputs = inputs
    weight = try checkpoint.tensor(name + ".weight", shape: [outputs, inputs])
    self.bias = bias ? try checkpoint.vector(name + ".bias", count: outputs) : nil
  }

  /// Scratch elements per thread that `callAsFunction` needs.
  var scratchCount: Int { max(Self.sliceElements, inputs) }

  /// y [rows, outputs] = x [rows, inputs] W^T + b.
  func callAsFunction(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ workspace: Workspace) {
    if rows <= Self.gemvRows {
      multiplyVectors(x, rows: rows, into: y, workspace.parallel)
    } else {
      multiplyMatrix(x, rows: rows, into: y, workspace)
    }
    guard let bias else { return }
    for row in 0..<rows {
      for output in 0..<outputs { y[row * outputs + output] += bias[output] }
    }
  }

  private func multiplyVectors(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ parallel: Parallel) {
    let slice = max(16, (outputs + parallel.threads - 1) / parallel.threads)
    parallel.forEach((outputs + slice - 1) / slice) { _, item in
      let first = item * slice
      let count = min(slice, outputs - first)
      for row in 0..<rows {
        kernels().pointee.gemv(
          y + row * outputs + first, address(row: first), weight.type.kernel, x + row * inputs, Int64(count), Int64(inputs))
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

  /// x [inputs] = row of W, as an embedding table is read.
  func row(_ index: Int, into x: UnsafeMutablePointer<Float>) {
    kernels().pointee.widen(x, address(row: index), weight.type.kernel, Int64(inputs))
  }

  var byteCount: Int { weight.bytes.count }
}

extension Checkpoint {
  /// A one-dimensional tensor, widened to fp32.
  func vector(_ name: String, count: Int) throws -> [Float] { try values(name, shape: [count]) }

  /// All elements of a small tensor, widened to fp32.
  func values(_ name: String, shape: [Int]) throws -> [Float] {
    let tensor = try tensor(name, shape: shape)
    let count = tensor.count
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let target = buffer.baseAddress, let source = tensor.bytes.baseAddress {
        kernels().pointee.widen(target, source, tensor.type.kernel, Int64(count))
      }
      initialized = count
    }
  }
}
