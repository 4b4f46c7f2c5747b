import Constraints
import Foundation
import Inference
import Reading
package import Schemas

/// What came of writing under one schema, to measure how well schemas are followed.
package struct SchemaTrial: Sendable {
  package let text: String
  package let tokens: Int
  package let forcedTokens: Int
  /// False where the limit cut it off.
  package let isComplete: Bool
  /// Seconds that the grammar took to compile, and that each token's mask took.
  package let compileSeconds: Double
  package let maskSeconds: [Double]
}

extension Answerer {
  /// Writes something that is valid under a schema, about nothing.
  /// - Parameter temperature: 0 takes the most likely tokens.
  /// - Throws: `GrammarError` for a schema that cannot be followed, `ExtractionError` where nothing
  ///   valid was written; `ModelError`
  package func trial(
    of schema: JSONSchema, temperature: Double, seed: UInt64, limit: Int
  ) throws -> SchemaTrial {
    let start = ContinuousClock.now
    let constraint = try grammars().constraint(.json(schema))
    let compiled = (ContinuousClock.now - start) / .seconds(1)
    let state = try emptyState(for: nil)
    let text = schema.plain.text
    let shown = countTokens(text) <= 512 ? text : String(schema.words.prefix(1000))
    let generator = generator(format)
    let beginning = try generator.begin(
      after: format.extraction(wish: nil, schema: shown, passages: []), state)
    let first = SamplingOptions(temperature: temperature, seed: seed)
    let (written, value) = try generator.write(
      from: beginning, valid: schema, constraint, attempts: [first, Self.retry], limit: limit,
      caps: caps, progress: WritingProgress(control: ReadingControl()))
    return SchemaTrial(
      text: value?.text ?? written.text, tokens: written.ids.count,
      forcedTokens: written.forcedTokens,
      isComplete: value != nil, compileSeconds: compiled, maskSeconds: written.maskSeconds)
  }
}
