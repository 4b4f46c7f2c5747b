/// Unicode scalar offsets of UTF-8 offsets, by counts at every 4,096th byte.
struct ScalarIndex {
  private static let stride = 4096
  private let bytes: [UInt8]
  private let counts: [Int]

  init(_ bytes: [UInt8]) {
    var counts = [0]
    var count = 0
    for (offset, byte) in bytes.enumerated() {
      if offset > 0, offset % Self.stride == 0 { counts.append(count) }
      if byte & 0xC0 != 0x80 { count += 1 }
    }

    self.bytes = bytes
    self.counts = counts
  }

  func scalarOffset(ofByte offset: Int) -> Int {
    let slot = min(offset / Self.stride, counts.count - 1)
    return counts[slot] + bytes[slot * Self.stride..<offset].count { $0 & 0xC0 != 0x80 }
  }

  func byteOffset(ofScalar offset: Int) -> Int {
    var slot = 0
    var low = 0
    var high = counts.count - 1
    while low <= high {
      let middle = (low + high) / 2
      if counts[middle] <= offset {
        slot = middle
        low = middle + 1
      } else {
        high = middle - 1
      }
    }

    var remaining = offset - counts[slot]
    var byte = slot * Self.stride
    while byte < bytes.count {
      if bytes[byte] & 0xC0 != 0x80 {
        if remaining == 0 { return byte }
        remaining -= 1
      }
      byte += 1
    }

    return bytes.count
  }
}
