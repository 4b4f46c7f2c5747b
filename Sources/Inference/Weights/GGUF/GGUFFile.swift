import CKernels

/// A GGUF file (version 2 or 3): metadata, then tensors in ggml's block formats.
///
/// The file is untrusted: every length is checked against the file's size.
package final class GGUFFile {
  package enum Value: Sendable {
    case integer(Int)
    case number(Double)
    case bool(Bool)
    case string(String)
    case array([Value])
  }

  struct TensorInfo {
    let name: String
    let shape: [Int]  // outermost first, as in safetensors
    let format: DataType
    let bytes: UnsafeRawBufferPointer
  }

  let file: MappedFile
  package let metadata: [String: Value]
  private let tensors: [String: TensorInfo]

  /// - Throws: `ModelError.unreadable` or `.malformedGGUF`.
  package init(path: String) throws {
    file = try MappedFile(path: path)
    var reader = GGUFReader(file: file)
    let counts = try reader.header()
    var metadata: [String: Value] = [:]
    for _ in 0..<counts.metadata {
      let key = try reader.string()
      metadata[key] = try reader.value(type: try reader.integer(UInt32.self))
    }

    let headers = try (0..<counts.tensors).map { _ in try reader.tensorHeader() }
    let alignment =
      if case .integer(let value) = metadata["general.alignment"] { value } else { 32 }
    guard (1...65_536).contains(alignment) else {
      throw reader.malformed("its alignment is \(alignment)")
    }
    let dataStart = (reader.offset + alignment - 1) / alignment * alignment
    var tensors: [String: TensorInfo] = [:]
    for header in headers {
      guard tensors[header.name] == nil else {
        throw reader.malformed("it has two tensors \(header.name)")
      }
      tensors[header.name] = try reader.tensor(header, dataStart: dataStart)
    }
    self.metadata = metadata
    self.tensors = tensors
  }

  package func malformed(_ reason: String) -> ModelError {
    .malformedGGUF(path: file.path, reason: reason)
  }

  package func integer(_ key: String) throws -> Int {
    guard case .integer(let value) = metadata[key] else {
      throw malformed("it has no integer \(key)")
    }
    return value
  }

  /// An integer that sizes are made of.
  package func size(_ key: String, atMost limit: Int = 1 << 20) throws -> Int {
    let value = try integer(key)
    guard (1...limit).contains(value) else { throw malformed("its \(key) is \(value)") }
    return value
  }

  package func number(_ key: String) throws -> Double {
    guard case .number(let value) = metadata[key] else {
      throw malformed("it has no number \(key)")
    }
    return value
  }

  package func string(_ key: String) throws -> String {
    guard case .string(let value) = metadata[key] else {
      throw malformed("it has no string \(key)")
    }
    return value
  }

  package func strings(_ key: String) throws -> [String] {
    guard case .array(let values) = metadata[key] else { throw malformed("it has no list \(key)") }
    return try values.map {
      guard case .string(let value) = $0 else { throw malformed("\(key) does not hold strings") }
      return value
    }
  }

  package func integers(_ key: String) throws -> [Int] {
    guard case .array(let values) = metadata[key] else { throw malformed("it has no list \(key)") }
    return try values.map {
      guard case .integer(let value) = $0 else { throw malformed("\(key) does not hold integers") }
      return value
    }
  }

  func shape(_ name: String) -> [Int]? { tensors[name]?.shape }
  var tensorNames: [String] { Array(tensors.keys) }

  /// The tensor under another name.
  func tensor(_ source: String, as name: String) -> Tensor? {
    tensors[source].map { tensor($0, name: name) }
  }

  private func tensor(_ info: TensorInfo, name: String) -> Tensor {
    Tensor(name: name, type: info.format, shape: info.shape, bytes: info.bytes, owner: file)
  }

  /// The tensor's numbers, widened to fp32.
  package func values(_ name: String, shape: [Int]) throws -> [Float] {
    guard let tensor = tensors[name] else {
      throw ModelError.missingTensor(name: name, path: file.path)
    }
    guard tensor.shape == shape else {
      throw ModelError.wrongShape(name: name, expected: shape, found: tensor.shape)
    }
    return self.tensor(tensor, name: name).rows(0, count: shape.dropLast().reduce(1, *))
  }
}

/// Reads GGUF's little-endian fields in order.
private struct GGUFReader {
  private static let maximumCount = 1 << 24
  /// By ggml's numbers for them.
  private static let formats: [UInt32: DataType] = [
    0: .float32, 1: .float16, 2: .q4_0, 3: .q4_1, 8: .q8_0, 12: .q4_k, 14: .q6_k, 30: .bfloat16,
  ]
  let file: MappedFile
  var offset = 0

  struct TensorHeader {
    let name: String
    let shape: [Int]
    let format: DataType
    let offset: Int
  }

  func malformed(_ reason: String) -> ModelError { .malformedGGUF(path: file.path, reason: reason) }

  mutating func header() throws -> (tensors: Int, metadata: Int) {
    guard file.bytes.count >= 24, file.bytes.prefix(4).elementsEqual("GGUF".utf8) else {
      throw malformed("it does not begin with GGUF")
    }

    offset = 4
    let version = try integer(UInt32.self)
    guard version == 2 || version == 3 else {
      throw malformed("its version is \(version); supported are 2 and 3")
    }

    return (try count(), try count())
  }

  mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    guard file.bytes.count - offset >= MemoryLayout<T>.size else {
      throw malformed("it ends within a field")
    }
    defer { offset += MemoryLayout<T>.size }
    return T(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  private mutating func count() throws -> Int {
    let value = try integer(UInt64.self)
    guard value <= Self.maximumCount else { throw malformed("it states \(value) entries") }
    return Int(value)
  }

  mutating func string() throws -> String {
    let length = try integer(UInt64.self)
    guard length <= UInt64(file.bytes.count - offset) else {
      throw malformed("a string runs past the file's end")
    }
    defer { offset += Int(length) }
    return String(decoding: file.bytes[offset..<offset + Int(length)], as: UTF8.self)
  }

  mutating func value(type: UInt32, depth: Int = 0) throws -> GGUFFile.Value {
    switch type {
    case 0: return .integer(Int(try integer(UInt8.self)))
    case 1: return .integer(Int(try integer(Int8.self)))
    case 2: return .integer(Int(try integer(UInt16.self)))
    case 3: return .integer(Int(try integer(Int16.self)))
    case 4: return .integer(Int(try integer(UInt32.self)))
    case 5: return .integer(Int(try integer(Int32.self)))
    case 6: return .number(Double(Float(bitPattern: try integer(UInt32.self))))
    case 7: return .bool(try integer(UInt8.self) != 0)
    case 8: return .string(try string())
    case 9 where depth < 4:
      let element = try integer(UInt32.self)
      return .array(try (0..<(try count())).map { _ in try value(type: element, depth: depth + 1) })
    case 10: return .integer(Int(clamping: try integer(UInt64.self)))
    case 11: return .integer(Int(try integer(Int64.self)))
    case 12: return .number(Double(bitPattern: try integer(UInt64.self)))
    default: throw malformed("it holds a value of unknown type \(type)")
    }
  }

  mutating func tensorHeader() throws -> TensorHeader {
    let name = try string()
    let dimensions = try integer(UInt32.self)
    guard dimensions <= 4 else { throw malformed("tensor \(name) has \(dimensions) dimensions") }
    let shape = try (0..<dimensions).map { _ in try count() }
    let code = try integer(UInt32.self)
    guard let format = Self.formats[code] else {
      throw ModelError.unsupportedDataType(name: name, type: "ggml type \(code)")
    }

    return TensorHeader(
      name: name, shape: shape.reversed(), format: format,
      offset: Int(clamping: try integer(UInt64.self)))
  }

  func tensor(_ header: TensorHeader, dataStart: Int) throws -> GGUFFile.TensorInfo {
    guard let size = header.format.byteCount(shape: header.shape), size > 0 else {
      throw malformed("tensor \(header.name) of shape \(header.shape) has no elements")
    }
    guard dataStart <= file.bytes.count,
      header.offset <= file.bytes.count - dataStart,
      size <= file.bytes.count - dataStart - header.offset
    else {
      throw malformed("tensor \(header.name) runs past the file's end; the file is truncated")
    }

    let start = dataStart + header.offset
    return GGUFFile.TensorInfo(
      name: header.name, shape: header.shape, format: header.format,
      bytes: UnsafeRawBufferPointer(rebasing: file.bytes[start..<start + size]))
  }
}
