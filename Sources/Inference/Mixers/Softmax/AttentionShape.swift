import CKernels

/// Heads of queries that share heads of keys, and what tasks of all kinds do with them.
struct AttentionShape {
  let heads: Int
  let keyHeads: Int
  let headDim: Int
  let scale: Float

  private static let largestTile = 128

  /// Heads that share a key head.
  var group: Int { heads / keyHeads }

  /// Rows whose scores of so many keys fit into a core's cache.
  func tileRows(chunk: Int) -> Int {
    max(1, min(Self.largestTile, Workspace.scoreElements / (group * max(chunk, 1))))
  }

  /// queries [group, rows, headDim] of the heads that share one key head.
  func gather(
    _ source: UnsafePointer<Float>, keyHead: Int, _ rows: Range<Int>,
    into query: UnsafeMutablePointer<Float>
  ) {
    for member in 0..<group {
      for (index, row) in rows.enumerated() {
        (query + (member * rows.count + index) * headDim)
          .update(
            from: source + (row * heads + keyHead * group + member) * headDim, count: headDim)
      }
    }
  }

  /// A step of the online softmax over scores [group * rows, range.count] (see `softmax_tile`).
  func softmax(
    _ scores: UnsafeMutablePointer<Float>, _ range: Range<Int>, visible: [Range<Int>],
    _ maximum: UnsafeMutablePointer<Float>, _ sum: UnsafeMutablePointer<Float>,
    _ rescale: UnsafeMutablePointer<Float>
  ) {
    let count = group * visible.count
    var first = [Int32](repeating: 0, count: count)
    var last = first
    for member in 0..<group {
      for (index, seen) in visible.enumerated() {
        let row = member * visible.count + index
        first[row] = Int32(min(max(seen.lowerBound - range.lowerBound, 0), range.count))
        last[row] = Int32(min(max(seen.upperBound - range.lowerBound, 0), range.count))
        if last[row] < first[row] { last[row] = first[row] }
      }
    }

    kernels().pointee.softmax_tile(
      scores, Int64(count), Int64(range.count), Int64(range.count), scale, first, last, maximum,
      sum, rescale)
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
}
