import CKernels

/// Element types a weight may be stored in.
public enum DataType: String, Sendable, CaseIterable {
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"

  public var byteCount: Int { self == .float32 ? 4 : 2 }

  var kernel: kernel_dtype {
    switch self {
    case .float32: DTYPE_F32
    case .float16: DTYPE_F16
    case .bfloat16: DTYPE_BF16
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
