import Foundation

/// Writes a safetensors file tensor by tensor, so that a model need not fit in memory.
final class SafetensorsWriter {
  struct Entry {
    let name: String
    let type: DataType
    let shape: [Int]

    var byteCount: Int { shape.reduce(type.byteCount, *) }
  }

  private let handle: FileHandle
  private var remaining: [Entry]

  /// - Throws: `ModelError.unreadable` when the file cannot be made.
  init(path: String, entries: [Entry]) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil), let handle = FileHandle(forWritingAtPath: path) else {
      throw ModelError.unreadable(path: path, reason: "it cannot be created")
    }
    self.handle = handle
    remaining = entries
    let header = Self.header(entries)
    var length = UInt64(header.count).littleEndian
    try handle.write(contentsOf: Data(bytes: &length, count: 8))
    try handle.write(contentsOf: header)
  }

  /// Writes the next tensor in the order of the entries. Halves are rounded to
  /// nearest, ties to even.
  func write(_ name: String, _ values: [Float]) throws {
    let entry = remaining.removeFirst()
    precondition(entry.name == name && entry.byteCount == values.count * entry.type.byteCount, "tensors come in the header's order")
    switch entry.type {
    case .float32: try values.withUnsafeBytes { try handle.write(contentsOf: Data($0)) }
    case .float16: try values.map { Float16($0).bitPattern }.withUnsafeBytes { try handle.write(contentsOf: Data($0)) }
    case .bfloat16: try values.map(Self.bfloat16).withUnsafeBytes { try handle.write(contentsOf: Data($0)) }
    }
  }

  func close() throws {
    try handle.synchronize()
    try handle.close()
  }

  private static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }

  private static func header(_ entries: [Entry]) -> Data {
    var offset = 0
    let fields = entries.map { entry in
      defer { offset += entry.byteCount }
      return
        "\"\(entry.name)\":{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(entry.shape.map(String.init).joined(separator: ","))],\"data_offsets\":[\(offset),\(offset + entry.byteCount)]}"
    }
    let json = "{" + fields.joined(separator: ",") + "}"
    // Data begins at a multiple of 64 bytes, so that rows are aligned when mapped.
    let padding = (64 - (8 + json.utf8.count) % 64) % 64
    return Data((json + String(repeating: " ", count: padding)).utf8)
  }
}
