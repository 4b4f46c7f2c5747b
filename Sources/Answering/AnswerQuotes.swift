import Reading
import Results
import Retrieval

extension Answerer {
  /// What does not support an answer is no evidence, however near it comes.
  /// - Parameter answer: whose words are marked.
  static func quotes(
    _ evidence: Evidence, _ reading: DocumentReading, answer: String = ""
  ) -> [Quote] {
    let words = Set(Words.stems(of: answer))
    return evidence.ranked.map { unit, score in
      Quote(
        reading.text.excerpt(ofUnit: unit), score,
        marks: reading.text.marks(of: words, inUnit: unit))
    }
  }
}

extension Quote {
  /// - Parameter score: between 0 and 1; kept to three digits.
  init(_ excerpt: Excerpt, _ score: Double, marks: [Range<Int>] = []) {
    self.init(
      start: excerpt.start, end: excerpt.end, quote: excerpt.text,
      score: (score * 1000).rounded() / 1000, path: excerpt.path, header: excerpt.header,
      line: excerpt.line, chapter: excerpt.chapter, page: excerpt.page,
      percent: excerpt.percent,
      marks: marks.map(Span.init))
  }
}
