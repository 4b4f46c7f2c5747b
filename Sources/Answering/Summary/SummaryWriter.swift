import Inference
import Reading
import Results
import Retrieval

/// Writes a summary of what was read: of a text of several parts from their synopses.
struct SummaryWriter {
  private static let tokens = 128
  /// Synopses that a small model is shown, in bytes.
  private static let shownBytes = (small: 2_000, large: 32_000)
  /// Sentences that stand for the summary where no overall one is borne out.
  private static let mostSentences = 8

  let synopsis: SynopsisWriter

  /// A summary, and who worded it.
  struct Summary {
    let text: String
    /// False where highlights of the text are all there is to say.
    let isWritten: Bool
    /// Generated, with those of the synopses.
    let tokens: Int
    /// With those of the synopses.
    let sentences: SentenceCount
  }

  /// Of all parts, whose synopses are written.
  /// - Parameters:
  ///   - state: what is written on.
  ///   - highlights: sentences of the text, should nothing else be left.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func write(
    _ synopses: Synopses, _ text: QuotableText, on state: ReadingState, highlights: [Int],
    _ control: ReadingControl
  ) throws -> Summary {
    let told = synopses.entries.filter(\.written).map(\.synopsis)
    guard !told.isEmpty else {
      return Self.quoted(highlights, text, synopses.tokens, synopses.sentences)
    }
    guard synopses.entries.count > 1 else {
      return Summary(
        text: told[0], isWritten: true, tokens: synopses.tokens, sentences: synopses.sentences)
    }

    let written = try overall(told, on: state, control, before: synopses.tokens)
    let units = text.units.ranges.indices
    let kept = SentenceSupport(text: text, units: units).borneOut(written.text)
    var sentences = synopses.sentences
    sentences.written += Sentences.split(written.text).count
    sentences.kept += kept.count
    // One sentence of a whole text tells less than one of each part that has one.
    let beginnings = Self.beginnings(told)
    let chosen = kept.count >= min(2, beginnings.count) ? kept : beginnings
    return Summary(
      text: chosen.joined(separator: " "), isWritten: true,
      tokens: synopses.tokens + written.tokens, sentences: sentences)
  }

  /// Of what the text says about a focus, or of all of it, written at once.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func write(
    _ source: SynopsisWriter.Source, on state: ReadingState, highlights: [Int],
    _ control: ReadingControl
  ) throws -> Summary {
    let written = try synopsis.write(source, on: state, control, before: 0)
    let count = SentenceCount(written: written.outOf, kept: written.sentences.count)
    guard !written.sentences.isEmpty else {
      return Self.quoted(highlights, source.text, written.tokens, count)
    }
    return Summary(
      text: written.sentences.joined(separator: " "), isWritten: true, tokens: written.tokens,
      sentences: count)
  }

  private func overall(
    _ told: [String], on state: ReadingState, _ control: ReadingControl, before: Int
  ) throws -> (text: String, tokens: Int) {
    let most = synopsis.isLarge ? Self.shownBytes.large : Self.shownBytes.small
    let prompt = synopsis.format.summaryWanted(synopses: Self.fitting(told, bytes: most))
    return try synopsis.text(
      after: prompt, on: state, limit: Self.tokens,
      WritingProgress(control: control, before: before, isOnly: false))
  }

  /// All of them, or the first sentence of each, or of as many as fit, spread evenly.
  private static func fitting(_ told: [String], bytes: Int) -> [String] {
    if told.reduce(0, { $0 + $1.utf8.count }) <= bytes { return told }
    let first = told.compactMap { Sentences.split($0).first }
    let usual = max(first.reduce(0) { $0 + $1.utf8.count } / max(first.count, 1), 1)
    return spread(first, most: max(bytes / usual, 1))
  }

  private static func beginnings(_ told: [String]) -> [String] {
    spread(told.compactMap { Sentences.split($0).first }, most: mostSentences)
  }

  private static func spread(_ items: [String], most: Int) -> [String] {
    guard items.count > most else { return items }
    return (0..<most).map { items[$0 * items.count / most] }
  }

  /// Sentences of the text as they are say more than nothing.
  private static func quoted(
    _ units: [Int], _ text: QuotableText, _ tokens: Int, _ sentences: SentenceCount
  ) -> Summary {
    Summary(
      text: units.map(text.line(ofUnit:)).joined(separator: " "), isWritten: false,
      tokens: tokens, sentences: sentences)
  }
}
