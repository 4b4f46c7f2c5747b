import Foundation
import Inference
import Reading
import Results
import Retrieval

/// A synopsis of each of a document's parts, each written when the reading comes to its end.
final class Synopses: PartWriting {
  /// What is saved with a reading.
  private struct Saved: Codable {
    var entries: [OutlineEntry] = []
    var tokens = 0
    var sentences = SentenceCount()
  }

  private let text: QuotableText
  private let parts: [TextParts.Part]
  let ends: [Int]
  /// How much each unit of the text tells of all of it.
  let central: [Double]
  private let writer: SynopsisWriter
  private let route: AnswerRoute
  private let ground: (ReadingState) throws -> ReadingState
  private let control: ReadingControl
  private var saved = Saved()

  /// - Parameter ground: from the reading's state the one that is written on.
  init(
    _ tokens: DocumentTokens, _ writer: SynopsisWriter, _ route: AnswerRoute,
    control: ReadingControl, ground: @escaping (ReadingState) throws -> ReadingState
  ) {
    let (parts, ends) = tokens.parts()
    text = tokens.text
    self.parts = parts.all
    self.ends = ends
    central = CentralScores(tokens.text).scores
    self.writer = writer
    self.route = route
    self.ground = ground
    self.control = control
  }

  var count: Int { saved.entries.count }
  var entries: [OutlineEntry] { saved.entries }
  /// Generated for them.
  var tokens: Int { saved.tokens }
  var sentences: SentenceCount { saved.sentences }

  func write(after state: ReadingState) throws {
    let number = count
    let part = parts[number]
    let size = ends[number] - (number > 0 ? ends[number - 1] : 0)
    let told = SynopsisWriter.highlights(of: part.units, tokens: size, central)
    let source = SynopsisWriter.Source(
      text: text, units: part.units, shown: route.showsPassages ? told : [])
    let written = try writer.write(source, on: ground(state), control, before: tokens)
    let sentences = written.sentences.filter { !repeats($0) }
    saved.entries.append(entry(part, sentences, told))
    saved.tokens += written.tokens
    saved.sentences.written += written.outOf
    saved.sentences.kept += sentences.count
  }

  /// Another part said the same, which tells nothing of this one.
  private func repeats(_ sentence: String) -> Bool {
    saved.entries.contains { $0.written && $0.synopsis.contains(sentence) }
  }

  private func entry(
    _ part: TextParts.Part, _ sentences: [String], _ told: [Int]
  ) -> OutlineEntry {
    // A part without whole sentences is told by its beginning.
    let units = told.isEmpty ? Array(part.units.prefix(1)) : Array(told.prefix(2))
    let quoted = units.map(text.line(ofUnit:))
    return OutlineEntry(
      title: part.title, start: text.excerpt(ofUnit: part.units.lowerBound).start,
      end: text.excerpt(ofUnit: part.units.upperBound - 1).end,
      synopsis: (sentences.isEmpty ? quoted : sentences).joined(separator: " "),
      written: !sentences.isEmpty)
  }

  var archive: [UInt8] { PartArchive.bytes(saved) }

  func restore(_ archive: [UInt8]) throws {
    saved = try PartArchive.saved(archive, count: { $0.entries.count }, of: ends.count)
  }
}
