import CKernels
import COpenBLAS

/// Softmax attention of a block of queries over runs of keys, tile by tile with
/// the online softmax (arXiv 2205.14135), so that scores stay in a core's cache.
struct Attention {
  let heads: Int
  let keyHeads: Int
  let headDim: Int
  let scale: Float
  /// True: 16-bit integers where they are faster, see `IntegerAttention`.
  var integer = false

  /// Up to here each query goes through the keys alone: tiles would be empty for the most part.
  private static let fewRows = 2
  private static let largestTile = 128
  private static let largestChunk = 2048
  /// Keys that are widened at once: for a row they stay in L1, for a tile in L2.
  private static let rowPiece = 64
  private static let tilePiece = 512

  private var group: Int { heads / keyHeads }

  /// out [rows, heads, headDim]. If `mass` is given, it gets each key's share of
  /// attention summed over rows and heads, for a single run of `mass.count` keys;
  /// if `logSums` is, it gets the logs of the softmax's denominators [rows, heads].
  func callAsFunction(
    _ runs: [KeyRun], rows: Int, into out: UnsafeMutablePointer<Float>,
    logSums: UnsafeMutablePointer<Float>? = nil,
    mass: UnsafeMutableBufferPointer<Float>? = nil, _ workspace: Workspace
  ) {
    if integer, mass == nil, IntegerAttention.fits(headDim: headDim, rows: rows) {
      return IntegerAttention(attention: self)(
        runs, rows: rows, into: out, logSums: logSums, workspace)
    }

    if rows <= Self.fewRows, mass == nil {
      return attendRows(runs, rows: rows, into: out, logSums: logSums, workspace)
    }

    let chunk =
      mass.map { _ in runs[0].count } ?? min(Self.largestChunk, runs.map(\.count).max() ?? 1)
    let tile = max(1, min(Self.largestTile, Workspace.scoreElements / (group * max(chunk, 1))))
    let tiles = (rows + tile - 1) / tile
    let partial = mass.map {
      workspace.buffer("attention.mass", $0.count * workspace.parallel.threads)
    }
    if let mass, let partial {
      partial.update(repeating: 0, count: mass.count * workspace.parallel.threads)
    }

    workspace.parallel.forEach(keyHeads * tiles) { thread, item in
      let first = (item / keyHeads) * tile
      let task = Tile(
        attention: self, keyHead: item % keyHeads, rows: first..<min(rows, first + tile),
        chunk: chunk,
        scratch: workspace.scratch(thread),
        mass: mass.flatMap { mass in partial.map { $0 + thread * mass.count } })
      task.run(runs, into: out, logSums)
    }
    guard let mass, let partial else { return }
    for thread in 0..<workspace.parallel.threads {
      for index in 0..<mass.count { mass[index] += partial[thread * mass.count + index] }
    }
  }

  private func attendRows(
    _ runs: [KeyRun], rows: Int, into out: UnsafeMutablePointer<Float>,
    logSums: UnsafeMutablePointer<Float>?, _ workspace: Workspace
  ) {
    let longest = runs.map(\.count).max() ?? 1
    workspace.parallel.forEach(rows * heads) { thread, item in
      let row = item / heads
      let head = item % heads
      let scores = workspace.scratch(thread).buffer("attention.row", longest)
      let target = out + item * headDim
      var maximum = -Float.infinity
      var sum = Float(0)
      target.update(repeating: 0, count: headDim)
      for run in runs {
        let seen = run.visible(row)
        if seen.isEmpty { continue }
        for piece in run.keys.pieces(seen, of: Self.rowPiece) {
          let pool = workspace.scratch(thread)
          let keys = run.keys.floats(head: head / group, piece, pool, "attention.wide_keys")
          let values = run.values.floats(head: head / group, piece, pool, "attention.wide_values")
          kernels().pointee.attend_row(
            &maximum, &sum, target, run.query + item * headDim, keys, values, Int64(piece.count),
            Int64(headDim), scale, scores)
        }
      }
      for index in 0..<headDim { target[index] /= sum }
      kernels().pointee.log_sums(&maximum, &sum, 1)
      logSums?[item] = maximum
    }
  }

  /// The logs of denominators of one key head's queries into [rows, heads], of their maxima,
  /// which are used up, and sums [group, rows].
  func logSums(
    _ maximum: UnsafeMutablePointer<Float>, _ sum: UnsafePointer<Float>, keyHead: Int,
    _ rows: Range<Int>,
    into target: UnsafeMutablePointer<Float>
  ) {
    kernels().pointee.log_sums(maximum, sum, Int64(group * rows.count))
    for member in 0..<group {
      let column = target + rows.lowerBound * heads + keyHead * group + member
      for row in 0..<rows.count { column[row * heads] = maximum[member * rows.count + row] }
    }
  }

  /// The query rows `rows` of all heads that share one key head.
  private struct Tile {
    let attention: Attention
    let keyHead: Int
    let rows: Range<Int>
    let chunk: Int
    let query: UnsafeMutablePointer<Float>  // [group, rows, headDim]
    let output: UnsafeMutablePointer<Float>  // [group, rows, headDim]
    let scores: UnsafeMutablePointer<Float>  // [group * rows, chunk]
    let statistics: UnsafeMutablePointer<Float>  // maximum, sum, rescale: [3, group * rows]
    let mass: UnsafeMutablePointer<Float>?
    private let scratch: BufferPool

    init(
      attention: Attention, keyHead: Int, rows: Range<Int>, chunk: Int, scratch: BufferPool,
      mass: UnsafeMutablePointer<Float>?
    ) {
      self.attention = attention
      self.keyHead = keyHead
      self.rows = rows
      self.chunk = chunk
      self.mass = mass
      self.scratch = scratch
      let count = attention.group * rows.count
      query = scratch.buffer("attention.query", count * attention.headDim)
      output = scratch.buffer("attention.output", count * attention.headDim)
      scores = scratch.buffer("attention.scores", count * max(chunk, 1))
      statistics = scratch.buffer("attention.statistics", 3 * count)
    }

    private var count: Int { attention.group * rows.count }

    func run(
      _ runs: [KeyRun], into out: UnsafeMutablePointer<Float>,
      _ logSums: UnsafeMutablePointer<Float>?
    ) {
      output.update(repeating: 0, count: count * attention.headDim)
      statistics.update(repeating: -.infinity, count: count)
      (statistics + count).update(repeating: 0, count: count)
      for run in runs {
        let visible = rows.map(run.visible)
        guard let from = visible.filter({ !$0.isEmpty }).map(\.lowerBound).min(),
          let to = visible.map(\.upperBound).max()
        else { continue }
        gather(run.query)
        for start in stride(from: from, to: to, by: chunk) {
          attend(run, start..<min(to, start + chunk), visible: visible)
        }
      }

      if let logSums {
        attention.logSums(statistics, statistics + count, keyHead: keyHead, rows, into: logSums)
      }

      finish(into: out)
    }

    private func gather(_ source: UnsafePointer<Float>) {
      let dim = attention.headDim
      let heads = attention.heads
      for member in 0..<attention.group {
        for (index, row) in rows.enumerated() {
          (query + (member * rows.count + index) * dim)
            .update(
              from: source + (row * heads + keyHead * attention.group + member) * dim, count: dim)
        }
      }
    }

    private func attend(_ run: KeyRun, _ range: Range<Int>, visible: [Range<Int>]) {
      let dim = attention.headDim
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
      if mass != nil { record(range) }
    }

    private func softmax(_ range: Range<Int>, visible: [Range<Int>]) {
      var first = [Int32](repeating: 0, count: count)
      var last = first
      for member in 0..<attention.group {
        for (index, seen) in visible.enumerated() {
          let row = member * rows.count + index
          first[row] = Int32(min(max(seen.lowerBound - range.lowerBound, 0), range.count))
          last[row] = Int32(min(max(seen.upperBound - range.lowerBound, 0), range.count))
          if last[row] < first[row] { last[row] = first[row] }
        }
      }

      kernels().pointee.softmax_tile(
        scores, Int64(count), Int64(range.count), Int64(range.count), attention.scale, first, last,
        statistics, statistics + count, statistics + 2 * count)
    }

    private func record(_ range: Range<Int>) {
      guard let mass else { return }
      let shares = (0..<count).map { 1 / statistics[count + $0] }
      kernels().pointee.column_mass(
        mass + range.lowerBound, scores, shares, Int64(count), Int64(range.count),
        Int64(range.count))
    }

    private func finish(into out: UnsafeMutablePointer<Float>) {
      let dim = attention.headDim
      let heads = attention.heads
      for row in 0..<count { statistics[2 * count + row] = 1 / statistics[count + row] }
      kernels().pointee.scale_rows(output, statistics + 2 * count, Int64(count), Int64(dim))
      for member in 0..<attention.group {
        for (index, row) in rows.enumerated() {
          (out + (row * heads + keyHead * attention.group + member) * dim)
            .update(from: output + (member * rows.count + index) * dim, count: dim)
        }
      }
    }
  }
}
