import Glibc

/// fp32 numbers of a fixed count, aligned for SIMD, zeroed at first.
package final class FloatBuffer {
  package let pointer: UnsafeMutablePointer<Float>
  let count: Int

  package convenience init(_ count: Int) {
    self.init(uninitialized: count)
    pointer.initialize(repeating: 0, count: self.count)
  }

  convenience init(_ values: [Float]) {
    self.init(values.count)
    pointer.update(from: values, count: values.count)
  }

  /// A buffer whose elements the caller writes before it reads them.
  init(uninitialized count: Int) {
    self.count = max(count, 16)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: self.count * 4, alignment: 64)
    pointer = raw.bindMemory(to: Float.self, capacity: self.count)
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  func save(to writer: inout StateWriter) {
    writer.write(count)
    writer.write(UnsafeRawBufferPointer(start: pointer, count: 4 * count))
  }

  /// - Throws: `StateArchiveError` when another count was saved.
  func restore(from reader: inout StateReader) throws {
    try reader.expect(count, "the size of a layer's state")
    try reader.read(into: pointer, byteCount: 4 * count)
  }

  /// A buffer of `count` elements whose beginning is this one's.
  func resized(to count: Int) -> FloatBuffer {
    let other = FloatBuffer(count)
    other.pointer.update(from: pointer, count: min(self.count, other.count))
    return other
  }
}
