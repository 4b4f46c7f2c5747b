import COpenBLAS

/// Buffers by name; each grows to the largest size asked for and stays.
final class BufferPool {
  private var buffers: [String: FloatBuffer] = [:]

  func buffer(_ name: String, _ count: Int) -> UnsafeMutablePointer<Float> {
    if let buffer = buffers[name], buffer.count >= count { return buffer.pointer }
    let buffer = FloatBuffer(count)
    buffers[name] = buffer
    return buffer.pointer
  }

  /// The same for `count` integers of at most 32 bits.
  func integers<Integer: FixedWidthInteger>(_ name: String, _ count: Int) -> UnsafeMutablePointer<
    Integer
  > {
    let words = (count * MemoryLayout<Integer>.size + 3) / 4
    return UnsafeMutableRawPointer(buffer(name, words)).assumingMemoryBound(to: Integer.self)
  }
}

/// What a forward pass computes in: of a size that does not depend on the
/// document's length.
final class Workspace {
  /// Elements of an attention tile's scores per thread (2 MiB: about a core's L2).
  static let scoreElements = 512 * 1024

  let parallel: Parallel
  let shared = BufferPool()
  /// Where time is counted; nil: nowhere.
  var profile: ComputeProfile?
  private let perThread: [BufferPool]

  /// - Throws: `ModelError.libraryUnavailable` when there is no OpenBLAS.
  init(parallel: Parallel) throws {
    if let failure = openblas_load() {
      throw ModelError.libraryUnavailable(String(cString: failure))
    }
    self.parallel = parallel
    perThread = (0..<parallel.threads).map { _ in BufferPool() }
  }

  /// A buffer of at least `count` elements that all threads see.
  func buffer(_ name: String, _ count: Int) -> UnsafeMutablePointer<Float> {
    shared.buffer(name, count)
  }

  /// Does a kind of work, and counts its time where somebody wants to know.
  func timed<Value>(_ work: ComputeProfile.Work, _ body: () throws -> Value) rethrows -> Value {
    guard let profile else { return try body() }
    profile.begin(work)
    defer { profile.end() }
    return try body()
  }

  /// The buffers of one thread of `Parallel.forEach`; only that thread may ask.
  func scratch(_ thread: Int) -> BufferPool { perThread[thread] }
}
