import CKernels

/// Softmax attention of many query rows in 16-bit integers with exact 32-bit sums:
/// queries and keys in 13 bits and more with a scale each, probabilities in 14,
/// values in 11. For models whose weights are quantized anyway; twice as fast as fp32
/// where the CPU has instructions for it.
struct IntegerAttention {
  let shape: AttentionShape

  /// Query rows of a task: their running outputs stay in L2 beside the keys.
  private static let tileRows = 64
  /// Fewer rows do not pay for packing the keys.
  private static let leastRows = 16

  static func fits(headDim: Int, rows: Int) -> Bool {
    integer_kernels().pointee.attend16 != nil && headDim % 16 == 0 && rows >= leastRows
  }

  /// out [rows, heads, headDim] and, if wanted, the logs of the softmax's denominators [rows,
  /// heads].
  func callAsFunction(
    _ runs: [KeyRun], rows: Int, into out: UnsafeMutablePointer<Float>,
    logSums: UnsafeMutablePointer<Float>?, _ workspace: Workspace
  ) {
    let packed = runs.enumerated().compactMap { index, run in
      PackedRun(run, rows: rows, shape, name: "run\(index)", workspace)
    }
    let tiles = (rows + Self.tileRows - 1) / Self.tileRows
    workspace.parallel.forEach(shape.keyHeads * tiles) { thread, item in
      let first = item / shape.keyHeads * Self.tileRows
      let tile = IntegerTile(
        shape: shape, keyHead: item % shape.keyHeads,
        rows: first..<min(rows, first + Self.tileRows),
        scratch: workspace.scratch(thread))
      tile.run(packed, into: out, logSums)
    }
  }
}

/// The keys and values of a run that some query row sees, packed for all key heads.
private struct PackedRun {
  let run: KeyRun
  let first: Int  // the run's key that is packed first
  let heads: [packed_run16]

  /// nil where no row sees any key.
  init?(_ run: KeyRun, rows: Int, _ shape: AttentionShape, name: String, _ workspace: Workspace) {
    let seen = (0..<rows).map(run.visible).filter { !$0.isEmpty }
    guard let first = seen.map(\.lowerBound).min(), let last = seen.map(\.upperBound).max() else {
      return nil
    }
    let dim = shape.headDim
    let step = Int(ATTEND_KEYS)
    let steps = (last - first + step - 1) / step
    let room = shape.keyHeads * steps * step
    let keys: UnsafeMutablePointer<Int16> = workspace.shared.integers(name + ".keys", room * dim)
    let values: UnsafeMutablePointer<Int16> = workspace.shared.integers(
      name + ".values", room * dim)
    let keyScales = workspace.buffer(name + ".key_scales", room)
    let valueScales = workspace.buffer(name + ".value_scales", shape.keyHeads * steps)
    let heads = (0..<shape.keyHeads).map { head in
      packed_run16(
        keys: keys + head * steps * step * dim, key_scales: keyScales + head * steps * step,
        values: values + head * steps * step * dim, value_scales: valueScales + head * steps,
        count: Int64(last - first))
    }
    self.run = run
    self.first = first
    self.heads = heads
    workspace.parallel.forEach(shape.keyHeads * steps) { thread, item in
      let start = item % steps * step
      let rows = first + start..<min(first + start + step, last)
      let pool = workspace.scratch(thread)
      let keys = run.keys.floats(head: item / steps, rows, pool, "attend16.wide_keys")
      let values = run.values.floats(head: item / steps, rows, pool, "attend16.wide_values")
      let head = heads[item / steps]
      var target = packed_run16(
        keys: head.keys + start * dim, key_scales: head.key_scales + start,
        values: head.values + start * dim, value_scales: head.value_scales + item % steps,
        count: Int64(rows.count))
      integer_kernels().pointee.pack_run16(&target, keys, values, 0, Int64(dim))
    }
  }
}

/// The query rows `rows` of all heads that share one key head.
private struct IntegerTile {
  let shape: AttentionShape
  let keyHead: Int
  let rows: Range<Int>
  private let tile: query_tile16
  private let queries: UnsafeMutablePointer<Int16>  // [group, rows, headDim]
  private let scales: UnsafeMutablePointer<Float>
  private let first: UnsafeMutablePointer<Int32>
  private let last: UnsafeMutablePointer<Int32>

  init(shape: AttentionShape, keyHead: Int, rows: Range<Int>, scratch: BufferPool) {
    self.shape = shape
    self.keyHead = keyHead
    self.rows = rows
    let count = shape.heads / shape.keyHeads * rows.count
    queries = scratch.integers("attend16.queries", count * shape.headDim)
    scales = scratch.buffer("attend16.scales", count)
    first = scratch.integers("attend16.first", count)
    last = scratch.integers("attend16.last", count)
    let statistics = scratch.buffer("attend16.statistics", 2 * count)
    let output = scratch.buffer("attend16.output", count * shape.headDim)
    tile = query_tile16(
      queries: queries, scales: scales, first: first, last: last, maximum: statistics,
      sum: statistics + count,
      output: output, count: Int64(count))
  }

  private var group: Int { shape.heads / shape.keyHeads }

  func run(
    _ runs: [PackedRun], into out: UnsafeMutablePointer<Float>,
    _ logSums: UnsafeMutablePointer<Float>?
  ) {
    let count = Int(tile.count)
    tile.maximum.update(repeating: -.infinity, count: count)
    tile.sum.update(repeating: 0, count: count)
    tile.output.update(repeating: 0, count: count * shape.headDim)
    for run in runs {
      gather(run)
      var tile = tile
      var head = run.heads[keyHead]
      integer_kernels().pointee.attend16(&tile, &head, Int64(shape.headDim))
    }

    if let logSums { writeLogSums(into: logSums) }
    finish(into: out)
  }

  /// Maxima are those of base 2, and sums have the probabilities' scale in them.
  private func writeLogSums(into logSums: UnsafeMutablePointer<Float>) {
    let ln2: Float = 0.693_147_2
    for index in 0..<Int(tile.count) {
      tile.maximum[index] = ln2 * (tile.maximum[index] - Float(PROBABILITY_LOG2))
    }
    shape.logSums(tile.maximum, tile.sum, keyHead: keyHead, rows, into: logSums)
  }

  private func gather(_ packed: PackedRun) {
    let dim = shape.headDim
    let heads = shape.heads
    let log2e: Float = 1.442_695
    for member in 0..<group {
      let start = member * rows.count
      let source = packed.run.query + (rows.lowerBound * heads + keyHead * group + member) * dim
      integer_kernels().pointee.quantize_rows16(
        queries + start * dim, scales + start, source, Int64(heads * dim), Int64(rows.count),
        Int64(dim), shape.scale * log2e)
      for (index, row) in rows.enumerated() {
        let seen = packed.run.visible(row)
        first[start + index] = Int32(seen.lowerBound - packed.first)
        last[start + index] =
          seen.isEmpty ? first[start + index] : Int32(seen.upperBound - packed.first)
      }
    }
  }

  private func finish(into out: UnsafeMutablePointer<Float>) {
    let dim = shape.headDim
    let heads = shape.heads
    for index in 0..<Int(tile.count) { tile.sum[index] = 1 / tile.sum[index] }
    kernels().pointee.scale_rows(tile.output, tile.sum, tile.count, Int64(dim))
    for member in 0..<group {
      for (index, row) in rows.enumerated() {
        let target = (row * heads + keyHead * group + member) * dim
        let source = (member * rows.count + index) * dim
        (out + target).update(from: tile.output + source, count: dim)
      }
    }
  }
}
