package enum StateArchiveError: Error, Equatable, CustomStringConvertible {
  /// The bytes are no archive of this version, or are cut short.
  case damaged(String)
  /// It is the state of another model.
  case foreign(String)

  package var description: String {
    switch self {
    case .damaged(let reason): "the saved reading state is damaged: \(reason)"
    case .foreign(let reason): "the saved reading state is another model's: \(reason)"
    }
  }
}

/// Collects a state's numbers.
struct StateWriter {
  private(set) var bytes: [UInt8] = []

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func write(_ number: Int) {
    withUnsafeBytes(of: Int64(number)) { bytes.append(contentsOf: $0) }
  }

  mutating func write(_ numbers: UnsafeRawBufferPointer) { bytes.append(contentsOf: numbers) }

  mutating func write<Number: BitwiseCopyable>(_ numbers: [Number]) {
    write(numbers.count)
    numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }
}

/// Gives a state's numbers back in the order in which they were written.
struct StateReader {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Bytes that were not read yet.
  var remaining: Int { bytes.count - offset }

  private mutating func take(_ count: Int) throws -> Range<Int> {
    guard count >= 0, count <= bytes.count - offset else {
      throw StateArchiveError.damaged("it ends too early")
    }
    defer { offset += count }
    return offset..<offset + count
  }

  mutating func readInteger() throws -> Int {
    let range = try take(8)
    return bytes.withUnsafeBytes {
      Int($0.loadUnaligned(fromByteOffset: range.lowerBound, as: Int64.self))
    }
  }

  /// A count that has to be what the model expects.
  mutating func expect(_ expected: Int, _ what: String) throws {
    let found = try readInteger()
    guard found == expected else {
      throw StateArchiveError.foreign("\(what) is \(found) where this model has \(expected)")
    }
  }

  mutating func read(into target: UnsafeMutableRawPointer, byteCount: Int) throws {
    let range = try take(byteCount)
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: target, count: byteCount).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: source[range]))
    }
  }

  mutating func readArray<Number: BitwiseCopyable>(of type: Number.Type) throws -> [Number] {
    let count = try readInteger()
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Number>.stride)
    guard count >= 0, !overflow else { throw StateArchiveError.damaged("a length makes no sense") }
    let range = try take(size)

    return bytes.withUnsafeBytes { source in
      [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[range]))
        initialized = count
      }
    }
  }
}
