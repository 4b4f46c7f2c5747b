import Retrieval

/// Which sentences of a summary its highlights bear out: a small model adds what it has not read.
struct SummarySupport {
  /// Of a sentence's content words those that are known, at least: in the same or in a like form.
  private let share = AnswerTuning.chosen.borneOut
  private let stems: Set<UInt64>
  private let likenesses: Set<UInt64>

  /// - Parameter texts: the highlights that the summary was written from, and the question it is
  ///   about.
  init(_ texts: [String]) {
    var stems = Set<UInt64>()
    var likenesses = Set<UInt64>()
    for text in texts {
      Words.forEach(in: Array(text.utf8)[...]) { form in
        stems.insert(form.stem)
        if let likeness = form.likeness { likenesses.insert(likeness) }
      }
    }

    self.stems = stems
    self.likenesses = likenesses
  }

  /// The text without the sentences of whose content words too few are known. All may go.
  func borneOut(_ text: String) -> String {
    Sentences.split(text).filter(isBorneOut).joined(separator: " ")
  }

  private func isBorneOut(_ sentence: String) -> Bool {
    var words = 0
    var known = 0
    Words.forEach(in: Array(sentence.utf8)[...]) { form in
      guard form.isWhole, !Words.stop.contains(form.stem) else { return }
      words += 1
      if stems.contains(form.stem) || form.likeness.map(likenesses.contains) == true { known += 1 }
    }
    return Double(known) >= share * Double(words)
  }
}
