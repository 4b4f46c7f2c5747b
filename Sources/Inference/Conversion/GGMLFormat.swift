import CKernels

/// ggml's tensor formats that can be read, by their number in a GGUF file.
enum GGMLFormat: UInt32 {
  case float32 = 0
  case float16 = 1
  case q4_0 = 2
  case q4_1 = 3
  case q8_0 = 8

  /// Weights that share a scale.
  private var blockWeights: Int { self == .float32 || self == .float16 ? 1 : 32 }

  private var blockBytes: Int {
    switch self {
    case .float32: 4
    case .float16: 2
    case .q4_0: 18
    case .q4_1: 20
    case .q8_0: 34
    }
  }

  /// Nil when the shape is no multiple of a block or overflows.
  func byteCount(shape: [Int]) -> Int? {
    var count = 1
    for dimension in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      if overflow { return nil }
      count = product
    }
    guard count % blockWeights == 0 else { return nil }
    let (bytes, overflow) = (count / blockWeights).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }

  func widened(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    let blocks = bytes.count / blockBytes
    return [Float](unsafeUninitializedCapacity: blocks * blockWeights) { target, initialized in
      for block in 0..<blocks {
        widen(UnsafeRawBufferPointer(rebasing: bytes[block * blockBytes..<(block + 1) * blockBytes]), target, at: block * blockWeights)
      }
      initialized = blocks * blockWeights
    }
  }

  /// One block: w = d q (+ m), with q in the low nibbles first, then in the high ones.
  private func widen(_ block: UnsafeRawBufferPointer, _ target: UnsafeMutableBufferPointer<Float>, at start: Int) {
    func half(_ offset: Int) -> Float { Float(Float16(bitPattern: block.loadUnaligned(fromByteOffset: offset, as: UInt16.self))) }
    switch self {
    case .float32: target[start] = block.loadUnaligned(as: Float.self)
    case .float16: target[start] = half(0)
    case .q4_0:
      for index in 0..<16 {
        target[start + index] = half(0) * Float(Int(block[2 + index] & 15) - 8)
        target[start + 16 + index] = half(0) * Float(Int(block[2 + index] >> 4) - 8)
      }
    case .q4_1:
      for index in 0..<16 {
        target[start + index] = half(0) * Float(block[4 + index] & 15) + half(2)
        target[start + 16 + index] = half(0) * Float(block[4 + index] >> 4) + half(2)
      }
    case .q8_0:
      for index in 0..<32 { target[start + index] = half(0) * Float(Int8(bitPattern: block[2 + index])) }
    }
  }
}
