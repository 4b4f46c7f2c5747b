import CKernels

/// What a weight may be stored in: safetensors' types by their names there, and ggml's
/// block formats by the names that GGUF tools print.
package enum DataType: String, Sendable, CaseIterable {
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  /// Eight-bit floats with a scale for each block of 128 x 128 beside them.
  case float8 = "F8_E4M3"
  /// Panels of quantized weights (see CIntegerKernels.h).
  case uint8 = "U8"
  /// An adapter's factors, which have a scale for each row beside them.
  case int8 = "I8"
  case q8_0 = "Q8_0"
  case q4_0 = "Q4_0"
  case q4_1 = "Q4_1"
  case q4_k = "Q4_K"
  case q6_k = "Q6_K"

  /// Elements that are stored together, and the bytes they take.
  package var block: (elements: Int, bytes: Int) {
    switch self {
    case .float32: (1, 4)
    case .float16, .bfloat16: (1, 2)
    case .float8, .uint8, .int8: (1, 1)
    case .q8_0: (32, 34)
    case .q4_0: (32, 18)
    case .q4_1: (32, 20)
    case .q4_k: (256, 144)
    case .q6_k: (256, 210)
    }
  }

  /// Bytes of a tensor whose rows are whole blocks; nil where they are not, or overflow.
  func byteCount(shape: [Int]) -> Int? {
    guard (shape.last ?? 1) % block.elements == 0 else { return nil }

    var count = block.bytes
    for (index, dimension) in shape.enumerated() {
      guard dimension >= 0 else { return nil }
      let factor = index == shape.count - 1 ? dimension / block.elements : dimension
      let (product, overflow) = count.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      count = product
    }

    return count
  }

  /// True for types whose dot products the kernels take without widening a row first.
  package var hasVectorProduct: Bool { self == .float32 || self == .float16 || self == .bfloat16 }

  var kernel: kernel_dtype {
    switch self {
    case .float32: DTYPE_F32
    case .float16: DTYPE_F16
    case .bfloat16: DTYPE_BF16
    case .float8: DTYPE_F8
    case .q8_0: DTYPE_Q8_0
    case .q4_0: DTYPE_Q4_0
    case .q4_1: DTYPE_Q4_1
    case .q4_k: DTYPE_Q4_K
    case .q6_k: DTYPE_Q6_K
    case .uint8, .int8: preconditionFailure("bytes are no numbers to widen")
    }
  }
}

/// A tensor inside a mapped file. The owner keeps the mapping alive.
package struct Tensor {
  package let name: String
  package let type: DataType
  package let shape: [Int]
  package let bytes: UnsafeRawBufferPointer
  let owner: MappedFile
  /// Factors [ceil(rows / 128), ceil(columns / 128)] of an 8-bit float tensor's blocks.
  var blockScales: [Float]?

  private static let scaledBlock = 128

  var count: Int { shape.reduce(1, *) }

  /// Elements of one row: the last dimension.
  package var width: Int { shape.last ?? 1 }

  private var rowBytes: Int { width / type.block.elements * type.block.bytes }

  func address(row: Int) -> UnsafeRawPointer {
    bytes.baseAddress.unsafelyUnwrapped + row * rowBytes
  }

  /// Rows [count, width] in fp32.
  func widen(row first: Int, count: Int, into target: UnsafeMutablePointer<Float>) {
    kernels().pointee.widen(target, address(row: first), type.kernel, Int64(count * width))
    guard let blockScales else { return }
    let across = (width + Self.scaledBlock - 1) / Self.scaledBlock
    for row in 0..<count {
      let scales = (first + row) / Self.scaledBlock * across
      for column in 0..<width {
        target[row * width + column] *= blockScales[scales + column / Self.scaledBlock]
      }
    }
  }

  /// Rows [count, width] in fp32.
  package func rows(_ first: Int, count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count * width) { buffer, initialized in
      if let target = buffer.baseAddress, count * width > 0 {
        widen(row: first, count: count, into: target)
      }
      initialized = count * width
    }
  }
}
