import Inference
import Foundation

/// Writes a safetensors file tensor by tensor, so that a model need not fit in memory.
final class SafetensorsWriter {
  struct Entry {
    let name: String
    let type: DataType
    let shape: [Int]

    var byteCount: Int { shape.reduce(type.block.bytes, *) }
    /// What follows it in the file is aligned as it is.
    var keepsAlignment: Bool { byteCount % SafetensorsWriter.alignment == 0 }
  }

  /// Bytes of a cache line: kernels read panels that begin inside one more slowly.
  static let alignment = 64

  private let path: String
  private let handle: FileHandle
  private var remaining: [Entry]
  private var type = DataType.float32
  private var missing = 0  // bytes of the tensor that was begun

  /// - Throws: `ModelError.unwritable` when the file cannot be made.
  init(path: String, entries: [Entry]) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else {
      throw ModelError.unwritable(path: path, reason: "it cannot be created")
    }

    self.path = path
    self.handle = handle
    remaining = entries
    let header = Self.header(entries)
    var length = UInt64(header.count).littleEndian
    try withUnsafeBytes(of: &length) { try write($0) }
    try header.withUnsafeBytes { try write($0) }
  }

  /// Writes the next tensor in the order of the entries.
  /// - Throws: `ModelError.unwritable`, when the disk is full for one.
  func write(_ name: String, _ values: [Float]) throws {
    try begin(name)
    try append(values)
  }

  /// Begins the next tensor in the order of the entries; the one before must be complete.
  func begin(_ name: String) throws {
    precondition(missing == 0, "the tensor before \(name) is not complete")
    let entry = remaining.removeFirst()
    precondition(entry.name == name, "tensors come in the header's order")
    type = entry.type
    missing = entry.byteCount
  }

  /// Continues the tensor. Halves are rounded to nearest, ties to even.
  func append(_ values: [Float]) throws {
    switch type {
    case .float32: try values.withUnsafeBytes { try put($0) }
    case .float16: try values.map { Float16($0).bitPattern }.withUnsafeBytes { try put($0) }
    case .bfloat16: try values.map(Self.bfloat16).withUnsafeBytes { try put($0) }
    default: preconditionFailure("\(type.rawValue) is not written from numbers")
    }
  }

  func append(bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try put($0) } }

  private func put(_ bytes: UnsafeRawBufferPointer) throws {
    missing -= bytes.count
    try write(bytes)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let written = Glibc.write(handle.fileDescriptor, part.baseAddress, part.count)
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw unwritable(errno) }
      rest = rest.dropFirst(written)
    }
  }

  private func unwritable(_ code: Int32) -> ModelError {
    .unwritable(path: path, reason: String(cString: strerror(code)))
  }

  func close() throws {
    guard fsync(handle.fileDescriptor) == 0 else { throw unwritable(errno) }
    try handle.close()
  }

  private static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }

  /// A name as JSON: names are a stranger's text.
  private static func quoted(_ name: String) -> String {
    let data = try? JSONEncoder().encode(name)
    return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }

  private static func header(_ entries: [Entry]) -> Data {
    var offset = 0
    let fields = entries.map { entry in
      defer { offset += entry.byteCount }
      return
        "\(Self.quoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(entry.shape.map(String.init).joined(separator: ","))],\"data_offsets\":[\(offset),\(offset + entry.byteCount)]}"
    }
    let json = "{" + fields.joined(separator: ",") + "}"
    let padding = (alignment - (8 + json.utf8.count) % alignment) % alignment

    return Data((json + String(repeating: " ", count: padding)).utf8)
  }
}
