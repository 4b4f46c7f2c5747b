/// What a model folder is, as its config.json and tensors say.
public struct ModelDescription: Sendable, Encodable {
  public let architecture: String
  public let layers: [String]
  public let hiddenSize: Int
  public let vocabularySize: Int
  /// Without norms, which are a few thousandths.
  public let parameters: Int
  /// Parameters that one token's computation multiplies with.
  public let activeParameters: Int
  public let bytes: Int
  /// Where what is computed differs from what the authors published.
  public var notes: [String] = []

  enum CodingKeys: String, CodingKey {
    case architecture, layers, parameters, bytes, notes
    case hiddenSize = "hidden_size"
    case activeParameters = "active_parameters"
    case vocabularySize = "vocabulary_size"
  }
}
