/// Rows [heads, capacity, width] of consecutive entries.
final class RowBuffer {
  let heads: Int
  let width: Int
  let precision: StoredPrecision
  private(set) var capacity: Int
  private(set) var count = 0
  private var storage: ByteBuffer
  /// That the storage up to `count` is another's, which is not to see changes.
  private var isBorrowed = false

  /// Never more than this many entries, so growing stops there.
  private let limit: Int

  init(
    heads: Int, width: Int, capacity: Int, limit: Int = .max,
    precision: StoredPrecision = .float32
  ) {
    self.heads = heads
    self.width = width
    self.capacity = capacity
    self.limit = limit
    self.precision = precision
    storage = ByteBuffer(heads * capacity * width * precision.bytes)
  }

  private init(_ other: RowBuffer, storage: ByteBuffer, isBorrowed: Bool) {
    heads = other.heads
    width = other.width
    precision = other.precision
    capacity = other.capacity
    limit = other.limit
    count = other.count
    self.storage = storage
    self.isBorrowed = isBorrowed
  }

  func copy() -> RowBuffer {
    let copied = ByteBuffer(storage.count)
    for head in 0..<heads {
      (copied.pointer + head * headBytes).copyMemory(
        from: address(head), byteCount: count * rowBytes)
    }

    return RowBuffer(self, storage: copied, isBorrowed: false)
  }

  /// The same entries in the same storage, for adding up to `rows` more behind them; they are
  /// copied when that changes. To be dropped before this buffer changes.
  func lend(rows: Int) -> RowBuffer {
    grow(to: count + rows)
    return RowBuffer(self, storage: storage, isBorrowed: true)
  }

  private func own() {
    guard isBorrowed else { return }
    let owned = ByteBuffer(storage.count)
    owned.pointer.copyMemory(from: storage.pointer, byteCount: storage.count)
    storage = owned
    isBorrowed = false
  }

  /// The numbers of a buffer that keeps them in fp32.
  var pointer: UnsafeMutablePointer<Float> {
    precondition(precision == .float32, "these rows are not kept in fp32")
    return storage.pointer.assumingMemoryBound(to: Float.self)
  }

  var rows: StoredRows {
    StoredRows(
      start: storage.pointer, precision: precision, headStride: headStride, width: width)
  }

  /// Elements from one head to the next.
  var headStride: Int { capacity * width }
  var byteCount: Int { heads * headBytes }

  private var rowBytes: Int { width * precision.bytes }
  private var headBytes: Int { capacity * rowBytes }

  private func address(_ head: Int, row: Int = 0) -> UnsafeMutableRawPointer {
    storage.pointer + head * headBytes + row * rowBytes
  }

  /// Makes room for `number` entries at the end, whose rows the caller writes.
  func extend(by number: Int) {
    grow(to: count + number)
    count += number
  }

  /// Appends rows [rows, heads, width], from row `first` on.
  func append(_ source: UnsafePointer<Float>, rows: Range<Int>) {
    let before = count
    extend(by: rows.count)
    for head in 0..<heads {
      for (index, row) in rows.enumerated() {
        precision.store(
          source + (row * heads + head) * width, at: address(head, row: before + index),
          count: width)
      }
    }
  }

  /// Drops the first `number` entries.
  func dropFirst(_ number: Int) {
    guard number > 0 else { return }

    own()
    for head in 0..<heads {
      address(head).copyMemory(
        from: address(head, row: number), byteCount: (count - number) * rowBytes)
    }

    count -= number
  }

  /// Drops all entries but the last `kept` where `rows` more would not fit: dropping only when
  /// the buffer is full moves each entry about once.
  func makeRoom(for rows: Int, keeping kept: Int) {
    if count + rows > limit { dropFirst(max(0, count - kept)) }
  }

  /// Keeps the entries at these indices, which ascend.
  func keep(_ indices: [Int]) {
    own()
    for head in 0..<heads {
      for (target, source) in indices.enumerated() where target != source {
        address(head, row: target).copyMemory(
          from: address(head, row: source), byteCount: rowBytes)
      }
    }

    count = indices.count
  }

  /// A long document's memory grows by an eighth: what stands unused stays small, and an entry
  /// is moved eight times at most on average.
  private func grow(to needed: Int) {
    guard needed > capacity else { return }

    let step = capacity < Self.doubledUpTo ? capacity : capacity / 8
    let larger = max(needed, min(capacity + step, limit))
    let grown = ByteBuffer(heads * larger * rowBytes)
    for head in 0..<heads {
      (grown.pointer + head * larger * rowBytes).copyMemory(
        from: address(head), byteCount: count * rowBytes)
    }

    capacity = larger
    storage = grown
    isBorrowed = false
  }

  private static let doubledUpTo = 8192

  /// Writes the entries that the next one would not push out: those that `makeRoom` drops before
  /// anything else happens need not be kept.
  func save(keeping kept: Int = .max, to writer: inout StateWriter) {
    save(from: count + 1 > limit ? max(0, count - kept) : 0, to: &writer)
  }

  /// Writes the entries from `first` on.
  func save(from first: Int, to writer: inout StateWriter) {
    for number in [heads, width, precision.bytes, count - first] { writer.write(number) }
    for head in 0..<heads {
      writer.write(
        UnsafeRawBufferPointer(
          start: address(head, row: first), count: (count - first) * rowBytes))
    }
  }

  /// Adds entries that `save` wrote.
  /// - Throws: `StateArchiveError`
  func restore(from reader: inout StateReader) throws {
    try reader.expect(heads, "the number of a layer's heads")
    try reader.expect(width, "the width of a layer's heads")
    try reader.expect(precision.bytes, "the size of a layer's numbers")
    let before = count
    let added = try reader.readInteger()
    guard added >= 0, added <= limit - before, added <= reader.remaining / (heads * rowBytes)
    else {
      throw StateArchiveError.foreign(
        "a layer's \(added) tokens fit neither this model nor what is left of the bytes")
    }
    extend(by: added)
    for head in 0..<heads {
      try reader.read(into: address(head, row: before), byteCount: added * rowBytes)
    }
  }

  /// The last `number` entries, or all where there are fewer, without the unused capacity.
  func numbers(last number: Int = .max) -> [Float] {
    let first = max(0, count - number)
    return (0..<heads).flatMap { head in rows.numbers(head: head, first..<count) }
  }
}
