import Answering

/// A candidate as logs keep it: refusal, confidence, match and text.
struct RecordedCandidate {
  let refusal: Double
  let confidence: Double
  let match: Double
  let text: String

  /// What is answered unless it is refused: the last of an item's candidates.
  static func given(_ texts: [String: String]) -> RecordedCandidate? {
    let numbers = texts.keys.compactMap { $0.hasPrefix("candidate_") ? Int($0.dropFirst(10)) : nil }
    return numbers.max().flatMap { texts["candidate_\($0)"] }.flatMap(RecordedCandidate.init)
  }

  private init?(_ line: String) {
    let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, let refusal = Double(parts[0]), let confidence = Double(parts[1]),
      let match = Double(parts[2])
    else { return nil }
    self.refusal = refusal
    self.confidence = confidence
    self.match = match
    text = String(parts[3])
  }

  /// As the answerer sees it.
  var candidate: Candidate {
    Candidate(recorded: text, refusal: refusal, confidence: confidence, match: match)
  }
}
