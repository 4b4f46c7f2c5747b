import CKernels
import COpenBLAS

/// Softmax attention of a block of queries over runs of keys, tile by tile with
/// the online softmax (arXiv 2205.14135), so that scores stay in a core's cache.
struct Attention {
  let shape: AttentionShape
  /// True: 16-bit integers where they are faster, see `IntegerAttention`.
  var integer = false

  init(heads: Int, keyHeads: Int, headDim: Int, scale: Float) {
    shape = AttentionShape(heads: heads, keyHeads: keyHeads, headDim: headDim, scale: scale)
  }

  var heads: Int { shape.heads }
  var keyHeads: Int { shape.keyHeads }
  var headDim: Int { shape.headDim }
  var scale: Float { shape.scale }

  /// Up to here each query goes through the keys alone: tiles would be empty for the most part.
  private static let fewRows = 2
  private static let largestChunk = 2048
  /// Keys that are widened at once: for a row they stay in L1, for a tile in L2.
  private static let rowPiece = 64
  private static let tilePiece = 512

  /// out [rows, heads, headDim]. If `mass` is given, each key's share of attention, summed over rows
  /// and heads, is added to it, for a single run of `mass.count` keys; if `logSums` is, it gets the
  /// logs of the softmax's denominators [rows, heads].
  func callAsFunction(
    _ runs: [KeyRun], rows: Int, into out: UnsafeMutablePointer<Float>,
    logSums: UnsafeMutablePointer<Float>? = nil,
    mass: UnsafeMutableBufferPointer<Float>? = nil, _ workspace: Workspace
  ) {
    workspace.timed(.attention) {
      guard let mass else {
        return attend(runs, rows: rows, into: out, logSums: logSums, workspace)
      }
      let sums = logSums ?? workspace.buffer("attention.log_sums", rows * heads)
      attend(runs, rows: rows, into: out, logSums: sums, workspace)
      AttentionMass(shape: shape, run: runs[0], logSums: sums).add(to: mass, rows: rows, workspace)
    }
  }

  private func attend(
    _ runs: [KeyRun], rows: Int, into out: UnsafeMutablePointer<Float>,
    logSums: UnsafeMutablePointer<Float>?, _ workspace: Workspace
  ) {
    if integer, IntegerAttention.fits(headDim: headDim, rows: rows) {
      return IntegerAttention(shape: shape)(
        runs, rows: rows, into: out, logSums: logSums, workspace)
    }

    if rows <= Self.fewRows {
      return attendRows(runs, rows: rows, into: out, logSums: logSums, workspace)
    }

    let chunk = min(Self.largestChunk, runs.map(\.count).max() ?? 1)
    let tile = shape.tileRows(chunk: chunk)
    let tiles = (rows + tile - 1) / tile
    workspace.parallel.forEach(keyHeads * tiles) { thread, item in
      let first = (item / keyHeads) * tile
      let task = Tile(
        shape: shape, keyHead: item % keyHeads, rows: first..<min(rows, first + tile),
        chunk: chunk, scratch: workspace.scratch(thread))
      task.run(runs, into: out, logSums)
    }
  }

  /// A task has one head, or where keys have to be widened all that share a key head: that is then
  /// done once for them, but fewer tasks fit a host's threads less well.
  private func attendRows(
    _ runs: [KeyRun], rows: Int, into out: UnsafeMutablePointer<Float>,
    logSums: UnsafeMutablePointer<Float>?, _ workspace: Workspace
  ) {
    let longest = runs.map(\.count).max() ?? 1
    let members = runs.contains { $0.keys.precision == .float16 } ? shape.group : 1
    workspace.parallel.forEach(rows * heads / members) { thread, item in
      let scratch = workspace.scratch(thread)
      let task = RowTask(
        shape: shape, row: item * members / heads, firstHead: item * members % heads,
        members: members, scores: scratch.buffer("attention.row", longest), scratch: scratch)
      task.run(runs, into: out, logSums)
    }
  }

  /// One row's queries of some heads that share a key head.
  private struct RowTask {
    let shape: AttentionShape
    let row: Int
    let firstHead: Int
    let members: Int
    let scores: UnsafeMutablePointer<Float>
    let scratch: BufferPool

    func run(
      _ runs: [KeyRun], into out: UnsafeMutablePointer<Float>,
      _ logSums: UnsafeMutablePointer<Float>?
    ) {
      let keyHead = firstHead / shape.group
      let dim = shape.headDim
      let first = row * shape.heads + firstHead
      var maximum = [Float](repeating: -.infinity, count: members)
      var sum = [Float](repeating: 0, count: members)
      (out + first * dim).update(repeating: 0, count: members * dim)
      for run in runs {
        let seen = run.visible(row)
        for piece in seen.isEmpty ? [] : run.keys.pieces(seen, of: Attention.rowPiece) {
          let keys = run.keys.floats(head: keyHead, piece, scratch, "attention.wide_keys")
          let values = run.values.floats(head: keyHead, piece, scratch, "attention.wide_values")
          for member in 0..<members {
            kernels().pointee.attend_row(
              &maximum[member], &sum[member], out + (first + member) * dim,
              run.query + (first + member) * dim, keys, values, Int64(piece.count), Int64(dim),
              shape.scale, scores)
          }
        }
      }

      for member in 0..<members {
        let target = out + (first + member) * dim
        for index in 0..<dim { target[index] /= sum[member] }
      }

      kernels().pointee.log_sums(&maximum, &sum, Int64(members))
      (logSums.map { $0 + first })?.update(from: maximum, count: members)
    }
  }

  /// The query rows `rows` of all heads that share one key head.
  private struct Tile {
    let shape: AttentionShape
    let keyHead: Int
    let rows: Range<Int>
    let chunk: Int
    let query: UnsafeMutablePointer<Float>  // [group, rows, headDim]
    let output: UnsafeMutablePointer<Float>  // [group, rows, headDim]
    let scores: UnsafeMutablePointer<Float>  // [group * rows, chunk]
    let statistics: UnsafeMutablePointer<Float>  // maximum, sum, rescale: [3, group * rows]
    private let scratch: BufferPool

    init(
      shape: AttentionShape, keyHead: Int, rows: Range<Int>, chunk: Int, scratch: BufferPool
    ) {
      self.shape = shape
      self.keyHead = keyHead
      self.rows = rows
      self.chunk = chunk
      self.scratch = scratch
      let count = shape.group * rows.count
      query = scratch.buffer("attention.query", count * shape.headDim)
      output = scratch.buffer("attention.output", count * shape.headDim)
      scores = scratch.buffer("attention.scores", count * max(chunk, 1))
      statistics = scratch.buffer("attention.statistics", 3 * count)
    }

    private var count: Int { shape.group * rows.count }

    func run(
      _ runs: [KeyRun], into out: UnsafeMutablePointer<Float>,
      _ logSums: UnsafeMutablePointer<Float>?
    ) {
      output.update(repeating: 0, count: count * shape.headDim)
      statistics.update(repeating: -.infinity, count: count)
      (statistics + count).update(repeating: 0, count: count)
      for run in runs {
        let visible = rows.map(run.visible)
        guard let from = visible.filter({ !$0.isEmpty }).map(\.lowerBound).min(),
          let to = visible.map(\.upperBound).max()
        else { continue }
        shape.gather(run.query, keyHead: keyHead, rows, into: query)
        for start in stride(from: from, to: to, by: chunk) {
          attend(run, start..<min(to, start + chunk), visible: visible)
        }
      }

      if let logSums {
        shape.logSums(statistics, statistics + count, keyHead: keyHead, rows, into: logSums)
      }

      finish(into: out)
    }

    private func attend(_ run: KeyRun, _ range: Range<Int>, visible: [Range<Int>]) {
      let dim = shape.headDim
      let columns = Int32(range.count)
      let pieces = run.keys.pieces(range, of: Attention.tilePiece)
      for piece in pieces {
        let keys = run.keys.floats(head: keyHead, piece, scratch, "attention.wide_keys")
        openblas_gemm(
          Int32(count), Int32(piece.count), Int32(dim), 1, query, Int32(dim), keys, Int32(dim), 1,
          0, scores + piece.lowerBound - range.lowerBound, columns)
      }

      softmax(range, visible: visible)
      kernels().pointee.scale_rows(output, statistics + 2 * count, Int64(count), Int64(dim))
      for piece in pieces {
        let values = run.values.floats(head: keyHead, piece, scratch, "attention.wide_values")
        openblas_gemm(
          Int32(count), Int32(dim), Int32(piece.count), 1,
          scores + piece.lowerBound - range.lowerBound, columns, values, Int32(dim), 0, 1, output,
          Int32(dim))
      }
    }

    private func softmax(_ range: Range<Int>, visible: [Range<Int>]) {
      shape.softmax(
        scores, range, visible: visible, statistics, statistics + count, statistics + 2 * count)
    }

    private func finish(into out: UnsafeMutablePointer<Float>) {
      let dim = shape.headDim
      let heads = shape.heads
      for row in 0..<count { statistics[2 * count + row] = 1 / statistics[count + row] }
      kernels().pointee.scale_rows(output, statistics + 2 * count, Int64(count), Int64(dim))
      for member in 0..<shape.group {
        for (index, row) in rows.enumerated() {
          (out + (row * heads + keyHead * shape.group + member) * dim)
            .update(from: output + (member * rows.count + index) * dim, count: dim)
        }
      }
    }
  }
}
