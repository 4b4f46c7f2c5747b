/// Keys and values [keyHeads, capacity, headDim] of consecutive entries.
final class KeyValueBuffer {
  let keys: RowBuffer
  let values: RowBuffer

  init(_ shape: KeyValueShape, capacity: Int, limit: Int = .max) {
    keys = RowBuffer(heads: shape.keyHeads, width: shape.headDim, capacity: capacity, limit: limit)
    values = RowBuffer(
      heads: shape.keyHeads, width: shape.headDim, capacity: capacity, limit: limit)
  }

  private init(_ keys: RowBuffer, _ values: RowBuffer) {
    self.keys = keys
    self.values = values
  }

  func copy() -> KeyValueBuffer { KeyValueBuffer(keys.copy(), values.copy()) }

  /// The same entries in the same storage: see `RowBuffer.lend`.
  func lend(rows: Int) -> KeyValueBuffer {
    KeyValueBuffer(keys.lend(rows: rows), values.lend(rows: rows))
  }

  var count: Int { keys.count }
  /// Elements from one key head to the next.
  var headStride: Int { keys.headStride }
  var byteCount: Int { keys.byteCount + values.byteCount }

  /// Appends rows [rows, keyHeads, headDim], from row `first` on.
  func append(
    keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>, rows: Range<Int>
  ) {
    keys.append(newKeys, rows: rows)
    values.append(newValues, rows: rows)
  }

  func makeRoom(for rows: Int, keeping kept: Int) {
    keys.makeRoom(for: rows, keeping: kept)
    values.makeRoom(for: rows, keeping: kept)
  }

  /// Keeps the entries at these indices, which ascend.
  func keep(_ indices: [Int]) {
    keys.keep(indices)
    values.keep(indices)
  }

  func save(keeping kept: Int = .max, to writer: inout StateWriter) {
    keys.save(keeping: kept, to: &writer)
    values.save(keeping: kept, to: &writer)
  }

  func save(from first: Int, to writer: inout StateWriter) {
    keys.save(from: first, to: &writer)
    values.save(from: first, to: &writer)
  }

  /// Adds entries that `save` wrote.
  /// - Throws: `StateArchiveError`
  func restore(from reader: inout StateReader) throws {
    try keys.restore(from: &reader)
    try values.restore(from: &reader)
    guard keys.count == values.count else {
      throw StateArchiveError.damaged("keys and values differ in number")
    }
  }

  /// The numbers of the last entries, or of all, without the unused capacity.
  func numbers(last number: Int = .max) -> [Float] {
    keys.numbers(last: number) + values.numbers(last: number)
  }
}
