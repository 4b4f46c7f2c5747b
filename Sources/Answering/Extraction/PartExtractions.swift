import Foundation
import Inference
import Reading
import Results
import Retrieval
import Schemas

/// Data of each of a document's parts, each written when the reading comes to its end.
final class PartExtractions: PartWriting {
  /// What is saved with a reading.
  private struct Saved: Codable {
    var rows: [ExtractedPart] = []
    var tokens = 0
    var forcedTokens = 0
  }

  private let parts: [TextParts.Part]
  let ends: [Int]
  private let writer: ExtractionWriter
  private let ground: (ReadingState) throws -> ReadingState
  private var saved = Saved()

  /// - Parameter ground: from the reading's state the one that is written on.
  init(
    _ parts: [TextParts.Part], _ ends: [Int], _ writer: ExtractionWriter,
    ground: @escaping (ReadingState) throws -> ReadingState
  ) {
    (self.parts, self.ends, self.writer, self.ground) = (parts, ends, writer, ground)
  }

  var count: Int { saved.rows.count }
  var rows: [ExtractedPart] { saved.rows }
  var tokens: Int { saved.tokens }
  var forcedTokens: Int { saved.forcedTokens }

  func write(after state: ReadingState) throws {
    let part = parts[count]
    let title = part.title ?? "part \(count + 1)"
    do {
      let made = try writer.write(on: try ground(state), units: part.units)
      saved.tokens += made.tokens
      saved.forcedTokens += made.forcedTokens
      saved.rows.append(
        ExtractedPart(title: title, value: made.value, text: made.text, fields: made.fields))
    } catch let error as ExtractionError {
      // One part that cannot be told does not cost the others; it is told why.
      saved.rows.append(
        ExtractedPart(title: title, value: nil, text: "", fields: [], problem: "\(error)"))
    }
  }

  var archive: [UInt8] { PartArchive.bytes(saved) }

  func restore(_ archive: [UInt8]) throws {
    saved = try PartArchive.saved(archive, count: { $0.rows.count }, of: ends.count)
  }
}

extension Answerer {
  /// Reads a document and takes data out of each of its parts on the way.
  /// - Throws: `ExtractionError.noParts`, and as reading does.
  func open(
    _ tokens: DocumentTokens, each kind: TextParts.Kind, _ schema: JSONSchema, _ wish: Question?,
    _ options: AnswerOptions, _ control: ReadingControl
  ) throws -> DocumentReading {
    let writer = try partExtractions(
      tokens, kind, schema, wish, options, control, hasRead: true)
    let format = format(options)
    return try DocumentReading(
      tokens, model, ReadingPrompt(opening: format.opening(nil), probe: format.probe(nil)),
      question: nil, writer: writer, control: control)
  }

  private func partExtractions(
    _ tokens: DocumentTokens, _ kind: TextParts.Kind, _ schema: JSONSchema, _ wish: Question?,
    _ options: AnswerOptions, _ control: ReadingControl, hasRead: Bool
  ) throws -> PartExtractions {
    let (parts, ends) = tokens.parts(each: kind)
    guard !parts.isEmpty else { throw ExtractionError.noParts(kind.rawValue) }
    let writer = try extractionWriter(schema, wish, tokens, options, control, hasRead: hasRead)
    return PartExtractions(parts, ends, writer) { [self] state in
      writer.route.usesState
        ? try ablated(state, options, openedFor: nil) : try emptyState(for: nil)
    }
  }

  /// What was taken out of each part, and all of it as one value.
  func collected(
    _ writer: ExtractionWriter, _ reading: DocumentReading, _ options: AnswerOptions,
    _ start: ContinuousClock.Instant
  ) throws -> Answer {
    let parts: PartExtractions
    if let written = reading.writer as? PartExtractions {
      parts = written
    } else {
      parts = try partExtractions(
        reading.tokens, options.each ?? .part, writer.schema, writer.wish, options, reading.control,
        hasRead: false)
      while parts.count < parts.ends.count { try parts.write(after: reading.state) }
    }
    var took = figures(reading, answering: .now - start, generated: parts.tokens)
    took.forcedTokens = parts.forcedTokens
    let problems = parts.rows.compactMap { row in row.problem.map { "\(row.title): \($0)" } }
    if !problems.isEmpty { took.notes = (took.notes ?? []) + problems }
    let merged = ExtractedPart.merged(parts.rows.compactMap(\.value), writer.schema)
    let extraction = Extraction(
      text: merged.text, value: merged, fields: [], tokens: parts.tokens,
      forcedTokens: parts.forcedTokens)
    return Answer(
      text: merged.text,
      isSupported: parts.rows.contains { $0.fields.contains(where: \.supported) },
      support: nil, candidates: [], evidence: [], documentTokens: reading.documentTokens,
      answeredFrom: writer.route, extraction: extraction, parts: parts.rows, figures: took)
  }
}
