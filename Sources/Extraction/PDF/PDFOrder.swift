/// The order in which a page's lines are read: by cuts across the page and along it (Nagy and Seth
/// 1984), where a gap along it counts only between columns of text.
struct PDFOrder {
  /// Lines that stand below each other, in a column or over the whole page.
  struct Region {
    let left: Double
    let right: Double
    /// Each of one line, or of cells beside each other.
    var rows: [[PDFLine]]
  }

  private(set) var regions: [Region] = []
  /// Points that are less than a column's gap.
  private let least: Double

  private static let deepest = 12
  /// Bands of a page whose columns are looked for: the time for it grows with their cube.
  private static let mostBands = 400
  /// Words that a line of a column has at least, on average.
  private static let fewestWords = 2.6

  init(_ lines: [PDFLine]) {
    let heights = lines.map(\.height).sorted()
    let least = heights.isEmpty ? 6 : max(4, 0.7 * heights[heights.count / 2])
    self.least = least
    // What stands in two columns may have been taken for one line; wide spaces close again below.
    order(lines.flatMap { $0.cut(atLeast: least) }, depth: 0)
  }

  private mutating func order(_ lines: [PDFLine], depth: Int) {
    guard !lines.isEmpty else { return }
    guard depth < Self.deepest else { return append(lines) }
    if let (left, right) = columns(lines) {
      order(left, depth: depth + 1)
      order(right, depth: depth + 1)
      return
    }
    let bands = Self.bands(lines)
    guard bands.count <= Self.mostBands else { return append(lines) }
    var plain: [PDFLine] = []
    var index = 0
    while index < bands.count {
      guard let (count, left, right) = run(of: bands, from: index) else {
        plain += bands[index]
        index += 1
        continue
      }
      append(plain)
      plain = []
      order(left, depth: depth + 1)
      order(right, depth: depth + 1)
      index += count
    }
    append(plain)
  }

  private mutating func append(_ lines: [PDFLine]) {
    guard !lines.isEmpty else { return }
    let rows = Self.rows(lines)
    let left = lines.map(\.box.left).min() ?? 0
    let right = lines.map(\.box.right).max() ?? 0
    regions.append(Region(left: left, right: right, rows: rows))
  }

  /// The longest run of bands that columns go through, with the lines on both sides.
  private func run(
    of bands: [[PDFLine]], from first: Int
  ) -> (count: Int, left: [PDFLine], right: [PDFLine])? {
    var gaps = Gaps()
    var count = 0
    var best: (Int, [PDFLine], [PDFLine])?
    var lines: [PDFLine] = []
    var hadGap = false
    for band in bands[first...] {
      gaps.add(band.map(\.box))
      lines += band
      count += 1
      guard !gaps.inner(atLeast: least).isEmpty else {
        // Once a line goes across, no longer run has a gap either.
        if hadGap { break }
        continue
      }
      hadGap = true
      if let (left, right) = columns(lines) { best = (count, left, right) }
    }
    return best
  }

  /// The two sides of the first gap that lies between columns.
  private func columns(_ lines: [PDFLine]) -> (left: [PDFLine], right: [PDFLine])? {
    var gaps = Gaps()
    gaps.add(lines.map(\.box))
    for gap in gaps.inner(atLeast: least) {
      let left = lines.filter { $0.box.right <= gap.left + 0.1 }
      let right = lines.filter { $0.box.left >= gap.right - 0.1 }
      if Self.isColumn(left, beside: right), Self.isColumn(right, beside: left) {
        return (left, right)
      }
    }
    return nil
  }

  /// Lines of text have several words, those of a table's column one or two.
  private static func isColumn(_ lines: [PDFLine], beside others: [PDFLine]) -> Bool {
    guard !lines.isEmpty, lines.count + others.count > 4 else { return false }
    let words = lines.reduce(0) { $0 + $1.words.count }
    return Double(words) >= fewestWords * Double(lines.count)
  }

  /// Lines with a common height, from above.
  static func bands(_ lines: [PDFLine]) -> [[PDFLine]] {
    var bands: [[PDFLine]] = []
    var bottom = -Double.infinity
    for line in lines.sorted(by: { $0.box.top < $1.box.top }) {
      // Lines close to each other overlap a little.
      if line.box.top < bottom - 0.35 * line.box.height, !bands.isEmpty {
        bands[bands.count - 1].append(line)
      } else {
        bands.append([line])
        bottom = -Double.infinity
      }
      bottom = max(bottom, line.box.bottom)
    }
    return bands
  }

  /// Bands with their cells from left to right; lines that only touch are rows of their own.
  private static func rows(_ lines: [PDFLine]) -> [[PDFLine]] {
    bands(lines).flatMap { band -> [[PDFLine]] in
      let cells = band.sorted { $0.box.left < $1.box.left }
      let overlaps = zip(cells, cells.dropFirst()).contains { $0.box.right > $1.box.left + 1 }
      return overlaps ? band.map { [$0] } : [closed(cells)]
    }
  }

  /// Pieces of one line are one again.
  private static func closed(_ cells: [PDFLine]) -> [PDFLine] {
    var result: [PDFLine] = []
    for cell in cells {
      if let last = result.last, cell.box.left - last.box.right < PDFLine.apart * last.height,
        let line = PDFLine(last.words + cell.words)
      {
        result[result.count - 1] = line
      } else {
        result.append(cell)
      }
    }
    return result
  }

  /// Where nothing stands, along the page.
  private struct Gaps {
    private var covered: [(left: Double, right: Double)] = []

    mutating func add(_ boxes: [PDFBox]) {
      for box in boxes { covered.append((box.left, box.right)) }
      covered.sort { $0.left < $1.left }
      var merged: [(left: Double, right: Double)] = []
      for next in covered {
        if let last = merged.last, next.left <= last.right {
          merged[merged.count - 1].right = max(last.right, next.right)
        } else {
          merged.append(next)
        }
      }
      covered = merged
    }

    /// The widest first.
    func inner(atLeast least: Double) -> [(left: Double, right: Double)] {
      let gaps = zip(covered, covered.dropFirst()).map { (left: $0.right, right: $1.left) }
      let wide = gaps.filter { $0.right - $0.left >= least }
      return wide.sorted { first, second in
        first.right - first.left > second.right - second.left
      }
    }
  }
}
