import Documents
import Foundation
package import Reading
import Results
package import Retrieval

extension Answerer {
  /// Tokens of a document from which on it is summarized.
  package static var leastSummarized: Int { 200 }

  /// Summarizes a document that was read, or what it says about `focus`.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  package func summarize(
    _ reading: DocumentReading, focus: Question? = nil, _ options: AnswerOptions = AnswerOptions()
  ) throws -> Answer {
    let start = ContinuousClock.now
    let text = reading.text
    let route = reading.hasRead ? options.route ?? route : .passages
    let isShort = focus == nil && reading.documentTokens < Self.leastSummarized
    let parts = focus == nil && !isShort ? try writtenParts(reading, route, options) : nil
    let chosen = Highlights.choose(
      parts?.central ?? CentralScores(text).scores, focus: focus.map(reading.lexicalScores),
      attention: try attention(
        of: .summarize(focus: focus), reading, isAsked: reading.hasRead),
      tokenCount: reading.documentTokens)

    // A text without whole sentences is told by its beginning.
    let beginning = text.units.ranges.indices.prefix(Highlights.fewest)
    let told = chosen.isEmpty ? Array(beginning) : chosen.map(\.unit)
    let written =
      isShort
      ? Self.whole(text.document)
      : try summary(reading, parts, told, focus: focus, route, options)

    return Answer(
      text: written.text, isSupported: true, support: nil, candidates: [],
      evidence: chosen.map { Quote(text.excerpt(ofUnit: $0.unit), $0.score) },
      documentTokens: reading.documentTokens, answeredFrom: route, isWritten: written.isWritten,
      outline: parts?.entries ?? [], sentences: written.sentences,
      figures: figures(reading, answering: .now - start, generated: written.tokens))
  }

  /// A text that is read as soon as a summary of it says the most by itself, and nothing wrong.
  private static func whole(_ document: Document) -> SummaryWriter.Summary {
    SummaryWriter.Summary(
      text: document.text.trimmingCharacters(in: .whitespacesAndNewlines), isWritten: false,
      tokens: 0, sentences: SentenceCount())
  }

  /// Synopses that were written on the way. Where nothing was read they need no way, and are
  /// written now; after a reading for other tasks there are none.
  private func writtenParts(
    _ reading: DocumentReading, _ route: AnswerRoute, _ options: AnswerOptions
  ) throws -> Synopses? {
    if let written = reading.writer as? Synopses { return written }
    if reading.hasRead { return nil }
    var unread = options
    unread.route = route
    let parts = synopses(reading.tokens, nil, unread, reading.control)
    while parts.count < parts.ends.count { try parts.write(after: reading.state) }
    return parts
  }

  private func summary(
    _ reading: DocumentReading, _ parts: Synopses?, _ told: [Int], focus: Question?,
    _ route: AnswerRoute, _ options: AnswerOptions
  ) throws -> SummaryWriter.Summary {
    let writer = SummaryWriter(synopsis: synopses)
    let state =
      route.usesState
      ? try ablated(
        reading.state, options, openedFor: reading.focus.map(ReadingTask.ask))
      : try emptyState(for: .summarize(focus: focus))
    if let parts {
      return try writer.write(
        parts, reading.text, on: state, highlights: told, reading.control)
    }
    let source = SynopsisWriter.Source(
      text: reading.text, units: reading.text.units.ranges.indices,
      shown: route.showsPassages ? told : [], focus: focus)
    return try writer.write(source, on: state, highlights: told, reading.control)
  }
}
