/// Running heads and page numbers: lines at a page's upper or lower end that stand at the same
/// height on pages near it, with other numbers at most.
struct PDFFurniture {
  /// Of each page the lines that are none of its text.
  private(set) var lines: [Set<Int>]
  /// The number that is printed on each page; nil where none is.
  private(set) var labels: [String?]

  /// Of a page's height, at both ends.
  private static let margin = 0.14
  /// Pages before and behind in which the same line is looked for.
  private static let near = 6
  private static let enough = 2
  /// Points that its height may differ by.
  private static let tolerance = 4.0

  private struct Candidate {
    let line: Int
    let key: String
    let top: Double
    let numbers: [String]
    /// Whether nothing of the page stands above it, or nothing below.
    let isOutermost: Bool
  }

  init(_ pages: [PDFPage]) {
    let candidates = pages.map(Self.candidates)
    let repeated = candidates.indices.map { page in
      candidates[page].filter { Self.isRepeated($0, on: page, candidates) }
    }
    let dropped = candidates.indices.map { page in
      candidates[page].filter { candidate in
        repeated[page].contains { $0.line == candidate.line }
          || candidate.isOutermost && Self.isAmong(repeated, candidate, on: page)
      }
    }
    lines = dropped.map { Set($0.map(\.line)) }
    labels = Self.labels(dropped)
  }

  private static func candidates(_ page: PDFPage) -> [Candidate] {
    let first = page.lines.map(\.box.top).min() ?? 0
    let last = page.lines.map(\.box.top).max() ?? 0
    return page.lines.enumerated().compactMap { index, line in
      let isAtEnd =
        line.box.bottom < margin * page.height || line.box.top > (1 - margin) * page.height
      guard isAtEnd, line.words.count < 25 else { return nil }
      let words = line.words.map(\.text)
      let numbers = words.map(trimmed).filter(isNumber)
      let key = words.map { isNumber(trimmed($0)) ? "#" : withoutDigits($0) }
        .joined(separator: " ").lowercased()
      let isOutermost = line.box.top < first + tolerance || line.box.top > last - tolerance
      return Candidate(
        line: index, key: key, top: line.box.top, numbers: numbers, isOutermost: isOutermost)
    }
  }

  private static func isRepeated(
    _ candidate: Candidate, on page: Int, _ candidates: [[Candidate]]
  ) -> Bool {
    let others = max(0, page - near)...min(candidates.count - 1, page + near)
    let alike = others.count { other in
      other != page
        && candidates[other].contains {
          $0.key == candidate.key && abs($0.top - candidate.top) < tolerance
        }
    }
    return alike >= enough
  }

  /// A head that names a section of one page repeats nowhere; it stands where the others do.
  private static func isAmong(
    _ repeated: [[Candidate]], _ candidate: Candidate, on page: Int
  ) -> Bool {
    let others = max(0, page - near)...min(repeated.count - 1, page + near)
    let alike = others.count { other in
      other != page && repeated[other].contains { abs($0.top - candidate.top) < 1 }
    }
    return alike * 2 > others.count - 1 && others.count > enough
  }

  private static func trimmed(_ word: String) -> String {
    word.trimmingPrefix { "-–—|[(.".contains($0) }.reversed()
      .trimmingPrefix { "-–—|]).".contains($0) }.reversed().map(String.init).joined()
  }

  private static func isNumber(_ word: String) -> Bool {
    guard !word.isEmpty, word.utf8.count < 8 else { return false }
    return word.utf8.allSatisfy { (48...57).contains($0) }
      || word.utf8.allSatisfy { "ivxlc".utf8.contains($0) }
  }

  private static func withoutDigits(_ word: String) -> String {
    String(word.map { $0.isASCII && $0.isNumber ? "#" : $0 })
  }

  /// Of a head with several numbers the one that goes on from page to page.
  private static func labels(_ dropped: [[Candidate]]) -> [String?] {
    var votes: [Int: Int] = [:]
    for (page, candidates) in dropped.enumerated() {
      for number in Set(candidates.flatMap(\.numbers).compactMap({ Int($0) })) {
        votes[number - page, default: 0] += 1
      }
    }
    let shift = votes.max { ($0.value, -abs($0.key)) < ($1.value, -abs($1.key)) }?.key
    return dropped.enumerated().map { page, candidates in
      let numbers = candidates.flatMap(\.numbers)
      if let shift, numbers.contains("\(page + shift)") { return "\(page + shift)" }
      return numbers.first { Int($0) == nil }
    }
  }
}
