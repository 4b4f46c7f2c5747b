/// The columns of a matrix as matrices of their own.
enum ColumnBlocks {
  static func split(
    _ source: UnsafePointer<Float>, rows: Int,
    into parts: [(target: UnsafeMutablePointer<Float>, width: Int)], _ parallel: Parallel
  ) {
    let total = parts.reduce(0) { $0 + $1.width }
    parallel.forRanges(rows, grain: 16) { range in
      for row in range {
        var start = source + row * total
        for (target, width) in parts {
          (target + row * width).update(from: start, count: width)
          start += width
        }
      }
    }
  }
}
