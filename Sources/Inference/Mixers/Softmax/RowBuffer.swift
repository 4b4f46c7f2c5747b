/// Rows [heads, capacity, width] of consecutive entries.
final class RowBuffer {
  let heads: Int
  let width: Int
  private(set) var capacity: Int
  private(set) var count = 0
  private var storage: FloatBuffer
  /// That the storage up to `count` is another's, which is not to see changes.
  private var isBorrowed = false

  /// Never more than this many entries, so growing stops there.
  private let limit: Int

  init(heads: Int, width: Int, capacity: Int, limit: Int = .max) {
    self.heads = heads
    self.width = width
    self.capacity = capacity
    self.limit = limit
    storage = FloatBuffer(heads * capacity * width)
  }

  private init(copying other: RowBuffer) {
    heads = other.heads
    width = other.width
    capacity = other.capacity
    limit = other.limit
    count = other.count
    storage = FloatBuffer(uninitialized: other.storage.count)
    for head in 0..<heads {
      (pointer + head * headStride).update(
        from: other.pointer + head * headStride, count: count * width)
    }
  }

  private init(borrowing other: RowBuffer) {
    heads = other.heads
    width = other.width
    capacity = other.capacity
    limit = other.limit
    count = other.count
    storage = other.storage
    isBorrowed = true
  }

  func copy() -> RowBuffer { RowBuffer(copying: self) }

  /// The same entries in the same storage, for adding up to `rows` more behind them; they are
  /// copied when that changes. To be dropped before this buffer changes.
  func lend(rows: Int) -> RowBuffer {
    grow(to: count + rows)
    return RowBuffer(borrowing: self)
  }

  private func own() {
    guard isBorrowed else { return }
    storage = storage.resized(to: storage.count)
    isBorrowed = false
  }

  var pointer: UnsafeMutablePointer<Float> { storage.pointer }
  /// Elements from one head to the next.
  var headStride: Int { capacity * width }
  var byteCount: Int { 4 * heads * headStride }

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
        (pointer + head * headStride + (before + index) * width).update(
          from: source + (row * heads + head) * width, count: width)
      }
    }
  }

  /// Drops the first `number` entries.
  func dropFirst(_ number: Int) {
    guard number > 0 else { return }

    own()
    for head in 0..<heads {
      let start = pointer + head * headStride
      start.update(from: start + number * width, count: (count - number) * width)
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
      let start = pointer + head * headStride
      for (target, source) in indices.enumerated() where target != source {
        (start + target * width).update(from: start + source * width, count: width)
      }
    }

    count = indices.count
  }

  private func grow(to needed: Int) {
    guard needed > capacity else { return }

    let larger = RowBuffer(
      heads: heads, width: width, capacity: max(needed, min(2 * capacity, limit)), limit: limit)
    for head in 0..<heads {
      (larger.pointer + head * larger.headStride).update(
        from: pointer + head * headStride, count: count * width)
    }

    capacity = larger.capacity
    storage = larger.storage
    isBorrowed = false
  }

  /// Writes the entries that the next one would not push out: those that `makeRoom` drops before
  /// anything else happens need not be kept.
  func save(keeping kept: Int = .max, to writer: inout StateWriter) {
    save(from: count + 1 > limit ? max(0, count - kept) : 0, to: &writer)
  }

  /// Writes the entries from `first` on.
  func save(from first: Int, to writer: inout StateWriter) {
    for number in [heads, width, count - first] { writer.write(number) }
    for head in 0..<heads {
      writer.write(
        UnsafeBufferPointer(
          start: pointer + head * headStride + first * width, count: (count - first) * width))
    }
  }

  /// Adds entries that `save` wrote.
  /// - Throws: `StateArchiveError`
  func restore(from reader: inout StateReader) throws {
    try reader.expect(heads, "the number of a layer's heads")
    try reader.expect(width, "the width of a layer's heads")
    let before = count
    let added = try reader.readInteger()
    guard added >= 0, added <= limit - before, added <= reader.remaining / (4 * heads * width)
    else {
      throw StateArchiveError.foreign(
        "a layer's \(added) tokens fit neither this model nor what is left of the bytes")
    }
    extend(by: added)
    for head in 0..<heads {
      try reader.read(into: pointer + head * headStride + before * width, count: added * width)
    }
  }

  /// The last `number` entries, or all where there are fewer, without the unused capacity.
  func numbers(last number: Int = .max) -> [Float] {
    let first = max(0, count - number)
    return (0..<heads).flatMap { head in
      Array(
        UnsafeBufferPointer(
          start: pointer + head * headStride + first * width, count: (count - first) * width))
    }
  }
}
