/// A ZIP without compression (APPNOTE 6.3.10), with members in the order given.
package struct ZipFile {
  private var body: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  package init(_ members: [(name: String, text: String)] = []) {
    for (name, text) in members { add(name, Array(text.utf8)) }
  }

  /// - Parameter isDamaged: true for a checksum that is not the member's.
  package mutating func add(_ name: String, _ bytes: [UInt8], isDamaged: Bool = false) {
    let sum = Self.sum(bytes) ^ (isDamaged ? 1 : 0)
    let size = Self.little(UInt32(bytes.count), 4)
    var common = Self.little(20, 2) + Self.little(0x800, 2) + Self.little(0, 2)
    common += Self.little(0, 4) + Self.little(sum, 4) + size + size
    common += Self.little(UInt32(name.utf8.count), 2) + Self.little(0, 2)
    directory += Self.little(0x0201_4B50, 4) + Self.little(0x031E, 2) + common + Self.little(0, 2)
    directory += Self.little(0, 2) + Self.little(0, 2) + Self.little(0x81A4_0000, 4)
    directory += Self.little(UInt32(body.count), 4) + Array(name.utf8)
    body += Self.little(0x0403_4B50, 4) + common + Array(name.utf8) + bytes
    count += 1
  }

  package var bytes: [UInt8] {
    let number = Self.little(UInt32(count), 2)
    var end = Self.little(0x0605_4B50, 4) + Self.little(0, 4)
    end += number + number
    end += Self.little(UInt32(directory.count), 4) + Self.little(UInt32(body.count), 4)
    return body + directory + end + Self.little(0, 2)
  }

  private static func little(_ value: UInt32, _ bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
  }

  /// CRC-32 with the polynomial of IEEE 802.3.
  private static func sum(_ bytes: [UInt8]) -> UInt32 {
    var sum = ~UInt32(0)
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 {
        let isOdd = sum & 1 == 1
        sum >>= 1
        if isOdd { sum ^= 0xEDB8_8320 }
      }
    }
    return ~sum
  }
}
