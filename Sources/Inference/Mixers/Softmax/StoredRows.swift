import CKernels

/// How a memory keeps its numbers.
package enum StoredPrecision: CaseIterable, Sendable {
  case float32
  /// Half the bytes. A number beyond fp16's range is kept as its largest.
  case float16

  var bytes: Int { self == .float32 ? 4 : 2 }

  func store(
    _ source: UnsafePointer<Float>, at target: UnsafeMutableRawPointer, count: Int
  ) {
    switch self {
    case .float32: target.copyMemory(from: source, byteCount: 4 * count)
    case .float16:
      kernels().pointee.narrow(
        target.assumingMemoryBound(to: UInt16.self), source, Int64(count))
    }
  }
}

/// Rows [heads, ..., width] of keys or values, as a memory keeps them.
struct StoredRows {
  let start: UnsafeRawPointer  // the first row of head 0
  let precision: StoredPrecision
  let headStride: Int  // elements from one head to the next
  let width: Int

  init(start: UnsafeRawPointer, precision: StoredPrecision, headStride: Int, width: Int) {
    self.start = start
    self.precision = precision
    self.headStride = headStride
    self.width = width
  }

  /// Rows of a head in fp32 [range.count, width]: where they lie, or else widened into the
  /// pool's buffer of that name, where they stay until it is asked for again.
  func floats(head: Int, _ range: Range<Int>, _ pool: BufferPool, _ name: String)
    -> UnsafePointer<Float>
  {
    let source = address(head, range.lowerBound)
    guard precision == .float16 else { return source.assumingMemoryBound(to: Float.self) }
    let target = pool.buffer(name, range.count * width)
    kernels().pointee.widen(target, source, DTYPE_F16, Int64(range.count * width))
    return UnsafePointer(target)
  }

  /// The range in pieces of which `floats` makes small buffers: fp32 rows are used as they lie.
  func pieces(_ range: Range<Int>, of size: Int) -> [Range<Int>] {
    guard precision == .float16 else { return [range] }
    return stride(from: range.lowerBound, to: range.upperBound, by: size).map {
      $0..<min($0 + size, range.upperBound)
    }
  }

  func numbers(head: Int, _ range: Range<Int>) -> [Float] {
    let pool = BufferPool()
    let start = floats(head: head, range, pool, "numbers")
    return withExtendedLifetime(pool) {
      Array(UnsafeBufferPointer(start: start, count: range.count * width))
    }
  }

  private func address(_ head: Int, _ row: Int) -> UnsafeRawPointer {
    start + (head * headStride + row * width) * precision.bytes
  }
}

/// Bytes of a fixed count, aligned for SIMD, which the caller writes before it reads them.
final class ByteBuffer {
  let pointer: UnsafeMutableRawPointer
  let count: Int

  init(_ count: Int) {
    self.count = count
    pointer = .allocate(byteCount: max(count, 64), alignment: 64)
  }

  deinit { pointer.deallocate() }
}
