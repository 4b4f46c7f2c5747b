import Foundation

/// One *.safetensors file: 8 bytes of header length, a JSON header, then data.
///
/// The header is untrusted: every length and offset is checked against the file
/// before a tensor can be seen.
package final class SafetensorsFile {
  private static let maximumHeader = 32 << 20

  let file: MappedFile
  package let tensors: [String: Tensor]

  /// - Throws: `ModelError.unreadable` or `.malformedSafetensors`.
  package init(path: String) throws {
    let file = try MappedFile(path: path)
    let header = try Self.header(of: file)
    let dataStart = 8 + header.length
    var tensors: [String: Tensor] = [:]
    var ranges: [(name: String, range: Range<Int>)] = []
    for (name, value) in header.entries where name != "__metadata__" {
      let (tensor, range) = try Self.tensor(
        name: name, entry: value, file: file, dataStart: dataStart)
      tensors[name] = tensor
      ranges.append((name, range))
    }
    try Self.checkWhole(ranges, dataStart..<file.bytes.count, file)

    self.file = file
    self.tensors = tensors
  }

  /// Tensors fill a file's data without gaps, and nothing follows them (the format's own rule).
  private static func checkWhole(
    _ tensors: [(name: String, range: Range<Int>)], _ data: Range<Int>, _ file: MappedFile
  ) throws {
    var end = data.lowerBound
    let ordered = tensors.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for (name, range) in ordered {
      guard range.lowerBound == end else {
        let fault = range.lowerBound < end ? "overlaps with another" : "lies after a gap"
        throw malformed(file, "tensor \(name) \(fault)")
      }
      end = range.upperBound
    }
    guard end == data.upperBound else {
      throw malformed(file, "\(data.upperBound - end) bytes follow its last tensor")
    }
  }

  private static func malformed(_ file: MappedFile, _ reason: String) -> ModelError {
    .malformedSafetensors(path: file.path, reason: reason)
  }

  private static func header(of file: MappedFile) throws -> (
    length: Int, entries: [String: Entry]
  ) {
    guard file.bytes.count >= 8 else { throw malformed(file, "it is shorter than 8 bytes") }

    let length = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(min(maximumHeader, file.bytes.count - 8)) else {
      throw malformed(
        file,
        "it states a header of \(length) bytes in a file of \(file.bytes.count); it is truncated "
          + "or not safetensors"
      )
    }
    let json = Data(file.bytes[8..<8 + Int(length)])
    guard JSONValue.isShallow(json),
      let entries = try? JSONDecoder().decode([String: Entry].self, from: json)
    else {
      throw malformed(file, "its header is not a JSON object")
    }

    return (Int(length), entries)
  }

  /// What the header says of a tensor; nil for what is missing or something else.
  private struct Entry: Decodable {
    let dtype: String?
    let shape: [Int]?
    let offsets: [Int]?

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }

    init(from decoder: any Decoder) throws {
      let fields = try? decoder.container(keyedBy: CodingKeys.self)
      dtype = try? fields?.decode(String.self, forKey: .dtype)
      shape = try? fields?.decode([Int].self, forKey: .shape)
      offsets = try? fields?.decode([Int].self, forKey: .offsets)
    }
  }

  private static func tensor(name: String, entry: Entry, file: MappedFile, dataStart: Int)
    throws -> (Tensor, Range<Int>)
  {
    guard let typeName = entry.dtype, let shape = entry.shape, let offsets = entry.offsets,
      offsets.count == 2
    else { throw malformed(file, "the entry of \(name) lacks dtype, shape or data_offsets") }
    let range = try dataRange(name: name, offsets: offsets, file: file, dataStart: dataStart)
    // Other types may stand in a file (position ids, buffers); only use is an error.
    let unusable = Tensor(
      name: name, type: .float32, shape: [-1],
      bytes: UnsafeRawBufferPointer(start: nil, count: 0), owner: file)
    guard let type = DataType(rawValue: typeName), type.block.elements == 1 else {
      return (unusable, range)
    }
    guard let size = type.byteCount(shape: shape), size == range.count else {
      throw malformed(
        file, "tensor \(name) of shape \(shape) does not fill its \(range.count) bytes")
    }

    // Without elements beside a huge dimension: its shape's arithmetic could overflow.
    guard size > 0 else { return (unusable, range) }

    let tensor = Tensor(
      name: name, type: type, shape: shape,
      bytes: UnsafeRawBufferPointer(rebasing: file.bytes[range]), owner: file)
    return (tensor, range)
  }

  private static func dataRange(name: String, offsets: [Int], file: MappedFile, dataStart: Int)
    throws -> Range<Int>
  {
    let available = file.bytes.count - dataStart
    guard offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= available else {
      throw malformed(
        file,
        "tensor \(name) lies at bytes \(offsets[0])..<\(offsets[1]) of \(available); the file is "
          + "truncated"
      )
    }
    return dataStart + offsets[0]..<dataStart + offsets[1]
  }
}
