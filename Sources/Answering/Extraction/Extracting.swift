import Constraints
import Inference
package import Reading
package import Results
package import Retrieval
package import Schemas

/// Data out of documents: JSON that is valid under a schema.
extension Answerer {
  /// Tokens of an answer where nobody says how many.
  package static var usualExtractionTokens: Int { 1024 }
  /// Tokens of a schema that is shown to the model; of a longer one its names are.
  private static let shownSchemaTokens = 2_000
  /// Bytes of passages that a small model is shown: more confuse it.
  private static let smallPassages = 4_000
  /// How the second attempt is drawn, where the first is not valid.
  static let retry = SamplingOptions(temperature: 0.7, topP: 0.95, seed: 1)

  /// Characters of a text that a small model writes: it seldom has more to say.
  private static let smallText = 300

  /// Of passages before data or calls, at most.
  var passageBytes: Int { kind.isLarge ? kind.shownBytes : Self.smallPassages }

  var caps: JSONOutline.Caps {
    var caps = JSONOutline.Caps()
    if !kind.isLarge { caps.string = Self.smallText }
    return caps
  }

  /// Refuses what cannot be followed, before anything is read.
  /// - Throws: `GrammarError`
  func check(_ task: ReadingTask, _ options: AnswerOptions) throws {
    if case .extract(let schema, _) = task { _ = try grammars().constraint(.json(schema)) }
    if let schema = options.schema { _ = try grammars().constraint(.json(schema)) }
    if let tools = options.tools {
      _ = try grammars().constraint(.lark(toolStyle.grammar(tools)))
    }
  }

  /// Takes out of a document that was read what a schema asks for: of all of it, or of each part.
  /// - Parameter wish: in words, what is wanted; nil: the schema says it all.
  /// - Throws: `ExtractionError`, `GrammarError`, `ModelError`, `ReadingError.stopped`
  package func extract(
    _ schema: JSONSchema, about wish: Question?, from reading: DocumentReading,
    _ options: AnswerOptions
  ) throws -> Answer {
    let start = ContinuousClock.now
    let writer = try extractionWriter(
      schema, wish, reading.tokens, options, reading.control, hasRead: reading.hasRead)
    if options.each != nil { return try collected(writer, reading, options, start) }
    let before = try state(for: writer.words, writer.route, reading, options)
    // Words about all of it do not make a question about one field.
    let known =
      kind.isLarge || wish != nil
      ? KnownValues() : try fieldValues(of: schema, from: reading, options)
    let made = try writer.write(on: before, known: known)
    var took = figures(reading, answering: .now - start, generated: made.tokens)
    took.forcedTokens = made.forcedTokens
    return Answer(
      text: made.text, isSupported: made.fields.contains(where: \.supported), support: nil,
      candidates: [], evidence: made.quotes, documentTokens: reading.documentTokens,
      answeredFrom: writer.route, extraction: made, figures: took)
  }

  func extractionWriter(
    _ schema: JSONSchema, _ wish: Question?, _ tokens: DocumentTokens, _ options: AnswerOptions,
    _ control: ReadingControl, hasRead: Bool
  ) throws -> ExtractionWriter {
    let format = format(options)
    let text = schema.plain.text
    return try ExtractionWriter(
      schema: schema, wish: wish, text: tokens.text,
      shown: countTokens(text) <= Self.shownSchemaTokens ? text : schema.words,
      route: hasRead ? options.route ?? route : .passages,
      constraint: grammars().constraint(.json(schema)), format: format,
      generator: generator(format),
      passageBytes: passageBytes,
      limit: options.mostTokens, caps: caps, isVerbatim: !kind.isLarge,
      attempts: [SamplingOptions(), Self.retry],
      control: control)
  }
}
