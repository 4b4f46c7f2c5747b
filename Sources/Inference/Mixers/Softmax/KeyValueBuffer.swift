/// Keys and values [keyHeads, capacity, headDim] of consecutive entries.
final class KeyValueBuffer {
  let keys: RowBuffer
  /// nil where keys are their own values.
  private let ownValues: RowBuffer?
  var values: RowBuffer { ownValues ?? keys }

  init(
    _ shape: KeyValueShape, capacity: Int, limit: Int = .max,
    precision: StoredPrecision = .float32
  ) {
    let make = {
      RowBuffer(
        heads: shape.keyHeads, width: shape.headDim, capacity: capacity, limit: limit,
        precision: precision)
    }
    keys = make()
    ownValues = shape.valuesAreKeys ? nil : make()
  }

  private init(_ keys: RowBuffer, _ ownValues: RowBuffer?) {
    self.keys = keys
    self.ownValues = ownValues
  }

  func copy() -> KeyValueBuffer { KeyValueBuffer(keys.copy(), ownValues?.copy()) }

  /// The same entries in the same storage: see `RowBuffer.lend`.
  func lend(rows: Int) -> KeyValueBuffer {
    KeyValueBuffer(keys.lend(rows: rows), ownValues?.lend(rows: rows))
  }

  var count: Int { keys.count }
  /// Elements from one key head to the next.
  var headStride: Int { keys.headStride }
  var byteCount: Int { keys.byteCount + (ownValues?.byteCount ?? 0) }

  /// Appends rows [rows, keyHeads, headDim], from row `first` on.
  func append(
    keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>, rows: Range<Int>
  ) {
    keys.append(newKeys, rows: rows)
    ownValues?.append(newValues, rows: rows)
  }

  func makeRoom(for rows: Int, keeping kept: Int) {
    keys.makeRoom(for: rows, keeping: kept)
    ownValues?.makeRoom(for: rows, keeping: kept)
  }

  /// Keeps the entries at these indices, which ascend.
  func keep(_ indices: [Int]) {
    keys.keep(indices)
    ownValues?.keep(indices)
  }

  func save(keeping kept: Int = .max, to writer: inout StateWriter) {
    keys.save(keeping: kept, to: &writer)
    ownValues?.save(keeping: kept, to: &writer)
  }

  func save(from first: Int, to writer: inout StateWriter) {
    keys.save(from: first, to: &writer)
    ownValues?.save(from: first, to: &writer)
  }

  /// Adds entries that `save` wrote.
  /// - Throws: `StateArchiveError`
  func restore(from reader: inout StateReader) throws {
    try keys.restore(from: &reader)
    try ownValues?.restore(from: &reader)
    guard keys.count == values.count else {
      throw StateArchiveError.damaged("keys and values differ in number")
    }
  }

  /// The numbers of the last entries, or of all, without the unused capacity.
  func numbers(last number: Int = .max) -> [Float] {
    keys.numbers(last: number) + (ownValues?.numbers(last: number) ?? [])
  }
}
