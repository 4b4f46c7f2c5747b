/// Keys and values [keyHeads, capacity, headDim] of consecutive entries.
final class KeyValueBuffer {
  let shape: KeyValueShape
  private(set) var capacity: Int
  private(set) var count = 0
  private(set) var keys: FloatBuffer
  private(set) var values: FloatBuffer

  /// Never more than this many entries, so growing stops there.
  private let limit: Int

  init(_ shape: KeyValueShape, capacity: Int, limit: Int = .max) {
    self.shape = shape
    self.limit = limit
    self.capacity = capacity
    keys = FloatBuffer(shape.keyHeads * capacity * shape.headDim)
    values = FloatBuffer(shape.keyHeads * capacity * shape.headDim)
  }

  private init(copying other: KeyValueBuffer) {
    shape = other.shape
    limit = other.limit
    capacity = other.capacity
    count = other.count
    keys = FloatBuffer(uninitialized: other.keys.count)
    values = FloatBuffer(uninitialized: other.values.count)
    for head in 0..<shape.keyHeads {
      let offset = head * headStride
      keys.pointer.advanced(by: offset).update(from: other.keys.pointer + offset, count: count * shape.headDim)
      values.pointer.advanced(by: offset).update(from: other.values.pointer + offset, count: count * shape.headDim)
    }
  }

  func copy() -> KeyValueBuffer { KeyValueBuffer(copying: self) }

  /// Elements from one key head to the next.
  var headStride: Int { capacity * shape.headDim }
  var byteCount: Int { 8 * shape.keyHeads * headStride }

  /// Appends rows [rows, keyHeads, headDim], from row `first` on.
  func append(keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>, rows: Range<Int>) {
    grow(to: count + rows.count)
    let dim = shape.headDim
    for head in 0..<shape.keyHeads {
      for (index, row) in rows.enumerated() {
        let target = head * headStride + (count + index) * dim
        let source = (row * shape.keyHeads + head) * dim
        (keys.pointer + target).update(from: newKeys + source, count: dim)
        (values.pointer + target).update(from: newValues + source, count: dim)
      }
    }
    count += rows.count
  }

  /// Drops the first `number` entries.
  func dropFirst(_ number: Int) {
    let kept = (count - number) * shape.headDim
    for head in 0..<shape.keyHeads where number > 0 {
      for start in [keys.pointer + head * headStride, values.pointer + head * headStride] {
        start.update(from: start + number * shape.headDim, count: kept)
      }
    }
    count -= number
  }

  /// Keeps the entries at these indices, which ascend.
  func keep(_ indices: [Int]) {
    let dim = shape.headDim
    for head in 0..<shape.keyHeads {
      for (target, source) in indices.enumerated() where target != source {
        let (to, from) = (head * headStride + target * dim, head * headStride + source * dim)
        (keys.pointer + to).update(from: keys.pointer + from, count: dim)
        (values.pointer + to).update(from: values.pointer + from, count: dim)
      }
    }
    count = indices.count
  }

  private func grow(to needed: Int) {
    guard needed > capacity else { return }
    let larger = KeyValueBuffer(shape, capacity: max(needed, min(2 * capacity, limit)), limit: limit)
    for head in 0..<shape.keyHeads {
      (larger.keys.pointer + head * larger.headStride).update(from: keys.pointer + head * headStride, count: count * shape.headDim)
      (larger.values.pointer + head * larger.headStride).update(from: values.pointer + head * headStride, count: count * shape.headDim)
    }
    (capacity, keys, values) = (larger.capacity, larger.keys, larger.values)
  }

  /// The entries' numbers without the unused capacity.
  var numbers: [Float] {
    var result: [Float] = []
    for buffer in [keys, values] {
      for head in 0..<shape.keyHeads {
        result += UnsafeBufferPointer(start: buffer.pointer + head * headStride, count: count * shape.headDim)
      }
    }
    return result
  }
}
