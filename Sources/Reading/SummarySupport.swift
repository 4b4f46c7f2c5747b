/// Which sentences of a summary its highlights bear out: a small model adds what it never read.
struct SummarySupport {
  /// Of a sentence's content words, those that the highlights have too, at least.
  private static let share = 1.0 / 3

  private let stems: Set<UInt64>
  private let likenesses: Set<UInt64>

  /// - Parameter highlights: what the summary was written from, and what it is about.
  init(_ highlights: [String]) {
    var (stems, likenesses) = (Set<UInt64>(), Set<UInt64>())
    for highlight in highlights {
      Words.forEach(in: Array(highlight.utf8)[...]) { form in
        stems.insert(form.stem)
        if let likeness = form.likeness { likenesses.insert(likeness) }
      }
    }
    (self.stems, self.likenesses) = (stems, likenesses)
  }

  /// The text without the sentences whose content words are mostly in no highlight. All may go.
  func borneOut(_ text: String) -> String {
    Sentences.split(text).filter(isBorneOut).joined(separator: " ")
  }

  private func isBorneOut(_ sentence: String) -> Bool {
    var (words, known) = (0, 0)
    Words.forEach(in: Array(sentence.utf8)[...]) { form in
      guard form.isWhole, !Words.stop.contains(form.stem) else { return }
      words += 1
      if stems.contains(form.stem) || form.likeness.map(likenesses.contains) == true { known += 1 }
    }
    return Double(known) >= Self.share * Double(words)
  }
}
