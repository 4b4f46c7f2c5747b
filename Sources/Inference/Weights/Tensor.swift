import CKernels

/// Element types a weight may be stored in.
public enum DataType: String, Sendable, CaseIterable {
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  /// Panels of quantized weights (see CIntegerKernels.h).
  case uint8 = "U8"

  public var byteCount: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .uint8: 1
    }
  }

  var kernel: kernel_dtype {
    switch self {
    case .float32: DTYPE_F32
    case .float16: DTYPE_F16
    case .bfloat16: DTYPE_BF16
    case .uint8: preconditionFailure("bytes are no numbers to widen")
    }
  }
}

/// A tensor inside a mapped file. The owner keeps the mapping alive.
struct Tensor {
  let name: String
  let type: DataType
  let shape: [Int]
  let bytes: UnsafeRawBufferPointer
  let owner: MappedFile

  var count: Int { shape.reduce(1, *) }
}
