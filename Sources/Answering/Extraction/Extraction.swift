package import Results
package import Schemas

/// Data that was taken out of a document.
package struct Extraction: Sendable, Equatable {
  /// JSON without spaces; of a name that stands twice in an object the last value.
  package let text: String
  package let value: JSONTree
  /// Of each value within that is no list and no object.
  package let fields: [ExtractedField]
  let tokens: Int
  let forcedTokens: Int
}

/// Why nothing could be taken out.
package enum ExtractionError: Error, Equatable, CustomStringConvertible {
  /// The limit cut the answer off.
  case incomplete(tokens: Int)
  /// The document is not cut in this way.
  case noParts(String)
  /// What was written is not valid, twice.
  case invalid(String)

  package var description: String {
    switch self {
    case .incomplete(let tokens):
      "the answer under the schema has more than \(tokens) tokens: allow more "
        + "(--max-answer-tokens), or bound its texts and lists by maxLength and maxItems"
    case .noParts(let kind): "the document has no \(kind)s: take --each part, or leave it out"
    case .invalid(let reason): "what the model wrote is not valid under the schema: \(reason)"
    }
  }
}
