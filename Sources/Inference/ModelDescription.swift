/// What a model folder is, as its config.json and tensors say.
package struct ModelDescription: Sendable, Encodable {
  package let architecture: String
  package let layers: [String]
  package let hiddenSize: Int
  package let vocabularySize: Int
  /// Without norms, which are a few thousandths.
  package let parameters: Int
  /// Parameters that one token's computation multiplies with.
  package let activeParameters: Int
  package let bytes: Int
  /// Tokens that the model was made for, with all that is asked and answered; nil where nothing
  /// ends it: no layer counts positions from the first token.
  package var context: Int?
  /// Where what is computed differs from what the authors published.
  package var notes: [String] = []

  enum CodingKeys: String, CodingKey {
    case architecture, layers, parameters, bytes, context, notes
    case hiddenSize = "hidden_size"
    case activeParameters = "active_parameters"
    case vocabularySize = "vocabulary_size"
  }
}
