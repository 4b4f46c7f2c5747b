package import Results
import Retrieval
package import Schemas

/// Sentences that a model wrote, and those of them that the text bears out.
package struct SentenceCount: Sendable, Codable, Equatable {
  package var written = 0
  package var kept = 0
}

/// What came of a reading.
package struct Answer: Sendable, Equatable {
  /// The answer to the question, or the summary.
  package let text: String
  /// False when the document does not say; `text` then says so.
  package let isSupported: Bool
  /// What spoke for and against an answer; nil for a summary.
  package let support: Support?
  /// What the model answered to single passages and to several at once, the answer given last.
  package let candidates: [Candidate]
  /// Verbatim quotes: for a question its evidence, best first; for a summary the
  /// highlights, in document order.
  package let evidence: [Quote]
  /// True where another quote would stand first, had attention had no say.
  package var isLedByAttention = false
  /// Tokens of the document.
  package let documentTokens: Int
  package let answeredFrom: AnswerRoute
  /// False for a summary that is sentences of the document: nothing that was written is borne out.
  package var isWritten = true
  /// The answers that were weighed, the most likely one first; none where only that was written.
  package var weighed: [WeighedAnswer] = []
  /// Data that was taken out under a schema; nil for other tasks.
  package var extraction: Extraction?
  /// Data of each part, where it was taken out so.
  package var parts: [ExtractedPart] = []
  /// Calls that the model asks for instead of answering.
  package var calls: [ToolCall] = []
  /// Of a summary: what each part says.
  package var outline: [OutlineEntry] = []
  /// Of a summary: sentences that were written, and those of them that the text bears out.
  package var sentences = SentenceCount()
  /// What the model thought before it answered; empty where it did not.
  package var reasoning = ""
  package let figures: ReadingFigures

  /// True for an answer that the model itself is not sure of, or none of whose words stand in a
  /// quote: nobody can see where it is from.
  package var isUncertain: Bool {
    guard isSupported, let support, !evidence.contains(where: { $0.path == text }) else {
      return false
    }
    if candidates.last?.isDoubtful(support) == true { return true }
    let words = Set(Words.stems(of: text)).subtracting(Words.stop)
    let quoted = evidence.flatMap { Words.stems(of: $0.quote) }
    return !words.isEmpty && words.isDisjoint(with: quoted)
  }

  /// As records name it: the route, or `highlights` where nobody worded a summary.
  package var source: String { isWritten ? answeredFrom.rawValue : "highlights" }
}
