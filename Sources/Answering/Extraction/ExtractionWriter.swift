import Constraints
import Inference
import Reading
import Results
import Retrieval
import Schemas

/// Writes what a schema asks for, on forks of a state.
struct ExtractionWriter {
  let schema: JSONSchema
  let wish: Question?
  let text: QuotableText
  /// Of the schema, what the model sees.
  let shown: String
  let route: AnswerRoute
  let constraint: OutputConstraint
  let format: PromptFormat
  let generator: AnswerGenerator
  /// Of passages, at most.
  let passageBytes: Int
  let limit: Int
  let caps: JSONOutline.Caps
  /// Texts stand in the source, where the schema does not say otherwise.
  let isVerbatim: Bool
  let attempts: [SamplingOptions]
  let control: ReadingControl
  /// What is looked for in the text.
  let words: Question
  private let lexical: LexicalScores
  private let evidence: FieldEvidence

  init(
    schema: JSONSchema, wish: Question?, text: QuotableText, shown: String, route: AnswerRoute,
    constraint: OutputConstraint, format: PromptFormat, generator: AnswerGenerator,
    passageBytes: Int, limit: Int, caps: JSONOutline.Caps, isVerbatim: Bool,
    attempts: [SamplingOptions], control: ReadingControl
  ) {
    (self.schema, self.wish, self.text, self.shown) = (schema, wish, text, shown)
    (self.route, self.constraint, self.format) = (route, constraint, format)
    (self.generator, self.passageBytes, self.limit) = (generator, passageBytes, limit)
    (self.caps, self.isVerbatim, self.attempts) = (caps, isVerbatim, attempts)
    self.control = control
    words = Question([wish?.text, schema.words].compactMap(\.self).joined(separator: " "))
    lexical = LexicalScores(words, text)
    evidence = FieldEvidence(text, lexical.scores)
  }

  /// - Parameters:
  ///   - state: stays as it is.
  ///   - units: of the text, that it is about; nil: all.
  ///   - known: values that need not be written by the model.
  /// - Throws: `ExtractionError`, `GrammarError`, `ModelError`, `ReadingError.stopped`
  func write(
    on state: ReadingState, units: Range<Int>? = nil, known: KnownValues = KnownValues()
  ) throws -> Extraction {
    let passages = passages(units)
    let prompt = format.extraction(wish: wish?.text, schema: shown, passages: passages)
    let beginning = try generator.begin(after: prompt, state, control)
    let (written, value) = try generator.write(
      from: beginning, valid: schema, constraint, attempts: attempts, limit: limit, caps: caps,
      held: HeldTexts(verbatim: verbatim(units, passages), known: known),
      progress: WritingProgress(control: control))
    guard let value else { throw ExtractionError.incomplete(tokens: limit) }
    let fields = evidence.fields(of: value, in: units)
    return Extraction(
      text: value.text, value: value, fields: fields,
      tokens: written.ids.count + known.tokens,
      forcedTokens: written.forcedTokens)
  }

  /// Of what the model was shown, or where that is nothing of what it has read.
  private func verbatim(_ units: Range<Int>?, _ passages: [String]) -> VerbatimFilter {
    let units = units ?? text.units.ranges.indices
    let source = passages.isEmpty ? units.map(text.line(ofUnit:)) : passages
    return VerbatimFilter(
      schema, SourceTexts(source), tokens: constraint.tokenBytes, isUsual: isVerbatim)
  }

  /// A part that fits is shown whole; else what matches best of it.
  private func passages(_ units: Range<Int>?) -> [String] {
    guard route.showsPassages else { return [] }
    guard let units else {
      let evidence = Evidence(
        text, lexical, attention: [Double](repeating: 0, count: text.units.ranges.count))
      return Passages.inOrder(bytes: passageBytes, evidence, text)
    }
    let ranked = units.sorted { (lexical.scores[$0], $1) > (lexical.scores[$1], $0) }
    var chosen: [Int] = []
    var used = 0
    for unit in ranked {
      used += text.bytes(ofUnit: unit).count
      if used > passageBytes { break }
      chosen.append(unit)
    }
    return chosen.isEmpty ? [] : [chosen.sorted().map(text.shown(unit:)).joined(separator: " ")]
  }
}

extension Extraction {
  /// Where its values stand, each place once.
  var quotes: [Quote] {
    fields.compactMap(\.quote).reduce(into: []) { all, quote in
      if !all.contains(where: { $0.start == quote.start }) { all.append(quote) }
    }
  }
}
