/// A reading state as bytes, exact to the bit, on the machine's byte order (little endian on every
/// supported CPU).
///
/// The *archive* holds what does not grow with the text; it is written whole each time. What grows,
/// the keys and values of `softmax` layers, goes into *pages*: each holds the tokens that joined
/// since the page before, so pages are only ever added. A state is its latest archive and all
/// pages.
public enum StateArchive {
  static let magic: UInt32 = 0x5352_5044  // "DPRS"
  /// Raised when a state's numbers are laid out otherwise, or mean something else.
  public static let version = 2
}

public enum StateArchiveError: Error, Equatable, CustomStringConvertible {
  /// The bytes are no archive of this version, or are cut short.
  case damaged(String)
  /// It is the state of another model.
  case foreign(String)

  public var description: String {
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

  mutating func write(_ numbers: UnsafeBufferPointer<Float>) {
    bytes.append(contentsOf: UnsafeRawBufferPointer(numbers))
  }

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

  mutating func read(into target: UnsafeMutablePointer<Float>, count: Int) throws {
    let range = try take(4 * count)
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: target, count: 4 * count).copyMemory(
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

extension ReadingState {
  /// All but what grows with the text.
  public func archive() -> [UInt8] {
    var writer = StateWriter(capacity: byteCount + 4096)
    writer.write(Int(StateArchive.magic))
    writer.write(StateArchive.version)
    writer.write(position)
    writer.write(layers.count)
    for layer in layers { layer.save(to: &writer) }
    return writer.bytes
  }

  /// What the tokens from position `first` on added to what grows; empty where nothing does.
  public func page(from first: Int) -> [UInt8] {
    let growing = layers.filter(\.grows)
    guard !growing.isEmpty, first < position else { return [] }
    var writer = StateWriter(
      capacity: growing.reduce(0) { $0 + $1.byteCount } / max(position, 1) * (position - first)
        + 4096)
    writer.write(first)
    writer.write(position)
    for layer in growing { layer.savePage(from: first, to: &writer) }

    return writer.bytes
  }

  /// Becomes the state that was saved; this one has to be empty.
  /// - Parameter pages: from the first token on, without gaps.
  /// - Throws: `StateArchiveError`; the state is of no use then.
  public func restore(_ archive: [UInt8], pages: [[UInt8]]) throws {
    var reader = StateReader(archive)
    guard try reader.readInteger() == Int(StateArchive.magic) else {
      throw StateArchiveError.damaged("it is no reading state")
    }
    let version = try reader.readInteger()
    guard version == StateArchive.version else {
      throw StateArchiveError.damaged("it has version \(version)")
    }
    let saved = try reader.readInteger()
    guard saved >= 0 else { throw StateArchiveError.damaged("its position is negative") }
    try reader.expect(layers.count, "the number of layers")
    for layer in layers { try layer.restore(from: &reader) }
    guard reader.remaining == 0 else {
      throw StateArchiveError.damaged("something follows its end")
    }
    let growing = layers.filter(\.grows)
    var next = 0
    for page in pages {
      var reader = StateReader(page)
      let first = try reader.readInteger()
      let end = try reader.readInteger()
      guard first == next, end > first else {
        throw StateArchiveError.damaged("tokens from \(next) on are missing")
      }
      for layer in growing { try layer.restorePage(tokens: end - first, from: &reader) }
      next = end
    }

    guard growing.isEmpty || next == saved else {
      throw StateArchiveError.damaged("its pages end at \(next), not at \(saved)")
    }
    position = saved
  }
}
