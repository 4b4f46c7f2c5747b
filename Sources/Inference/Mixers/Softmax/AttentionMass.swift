import CKernels
import COpenBLAS

/// What share of attention each key of a run got, summed over query rows and heads.
struct AttentionMass {
  let shape: AttentionShape
  let run: KeyRun
  /// Logs of the softmax's denominators [rows, heads].
  let logSums: UnsafePointer<Float>

  /// Keys of a task; no other adds to their mass.
  private static let chunk = 512

  func add(to mass: UnsafeMutableBufferPointer<Float>, rows: Int, _ workspace: Workspace) {
    guard let start = mass.baseAddress else { return }
    let chunk = Self.chunk
    let tile = shape.tileRows(chunk: chunk)
    workspace.parallel.forEach((mass.count + chunk - 1) / chunk) { thread, item in
      let keys = item * chunk..<min((item + 1) * chunk, mass.count)
      for keyHead in 0..<shape.keyHeads {
        for first in stride(from: 0, to: rows, by: tile) {
          add(
            keys, of: keyHead, seenBy: first..<min(first + tile, rows), to: start,
            workspace.scratch(thread))
        }
      }
    }
  }

  private func add(
    _ range: Range<Int>, of keyHead: Int, seenBy rows: Range<Int>,
    to mass: UnsafeMutablePointer<Float>, _ scratch: BufferPool
  ) {
    let visible = rows.map(run.visible)
    guard visible.contains(where: { $0.overlaps(range) }) else { return }
    let count = shape.group * rows.count
    let dim = shape.headDim
    let query = scratch.buffer("attention.query", count * dim)
    let scores = scratch.buffer("attention.scores", count * range.count)
    let statistics = scratch.buffer("attention.statistics", 3 * count)
    shape.gather(run.query, keyHead: keyHead, rows, into: query)
    let keys = run.keys.floats(head: keyHead, range, scratch, "attention.wide_keys")
    openblas_gemm(
      Int32(count), Int32(range.count), Int32(dim), 1, query, Int32(dim), keys, Int32(dim), 1, 0,
      scores, Int32(range.count))
    // With the denominators for maxima, which are never smaller, scores become probabilities.
    for (index, row) in rows.enumerated() {
      for member in 0..<shape.group {
        statistics[member * rows.count + index] =
          logSums[row * shape.heads + keyHead * shape.group + member]
      }
    }

    (statistics + count).update(repeating: 0, count: count)
    shape.softmax(
      scores, range, visible: visible, statistics, statistics + count, statistics + 2 * count)
    (statistics + count).update(repeating: 1, count: count)
    kernels().pointee.column_mass(
      mass + range.lowerBound, scores, statistics + count, Int64(count), Int64(range.count),
      Int64(range.count))
  }
}
