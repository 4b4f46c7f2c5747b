import Constraints
import Schemas
import Tokenizer

/// Keeps the texts of an extraction to those that its source has: what a small model would make up
/// cannot be written.
struct VerbatimFilter {
  private let schema: JSONSchema
  private let source: SourceTexts
  private let tokens: [[UInt8]]
  /// Whether texts are kept to the source where the schema does not say.
  private let isUsual: Bool
  private var known: [[String]: Bool] = [:]

  /// - Parameter tokens: the bytes of each token of the vocabulary.
  init(_ schema: JSONSchema, _ source: SourceTexts, tokens: [[UInt8]], isUsual: Bool) {
    (self.schema, self.source, self.tokens, self.isUsual) = (schema, source, tokens, isUsual)
  }

  /// Takes away the tokens after which a text would not stand in the source. Where none would be
  /// left all stay: a text that has grown too long is ended within a word.
  mutating func restrict(_ logits: inout [Float], _ outline: JSONOutline) {
    let isQuoting = outline.isInValue && isVerbatim(outline.path)
    let range = isQuoting ? source.range(of: outline.content) : 0..<0
    var kept = logits
    var isAny = false
    for id in logits.indices where logits[id] > -.infinity {
      let token = tokens[id]
      let isKept: Bool
      if token.contains(UInt8(ascii: "\"")) {
        isKept = isTaken(token, outline)
      } else {
        isKept =
          !isQuoting
          || !source.range(of: token[...], from: outline.content.count, within: range).isEmpty
      }
      if isKept { isAny = true } else { kept[id] = -.infinity }
    }
    if isAny { logits = kept }
  }

  /// Of a token that begins or ends texts.
  private mutating func isTaken(_ token: [UInt8], _ outline: JSONOutline) -> Bool {
    var outline = outline
    for byte in token {
      if outline.isInValue, isVerbatim(outline.path) {
        let isEnd = byte == UInt8(ascii: "\"") && !outline.isEscaped
        let isThere =
          isEnd
          ? source.canEnd(outline.content) : !source.range(of: outline.content + [byte]).isEmpty
        if !isThere { return false }
      }
      outline.take(byte)
    }
    return true
  }

  /// Without the comma behind a name: a sentence's, and not the value's.
  mutating func trimmed(_ value: JSONTree) -> JSONTree { trimmed(value, at: []) }

  private mutating func trimmed(_ value: JSONTree, at path: [String]) -> JSONTree {
    switch value {
    case .object(let members):
      .object(
        members.map { JSONTree.Member($0.name, trimmed($0.value, at: path + [$0.name])) })
    case .array(let elements):
      .array(elements.enumerated().map { trimmed($1, at: path + [String($0)]) })
    case .string(let text) where isVerbatim(path):
      .string(String(text.reversed().drop { ",;:".contains($0) }.reversed()))
    default: value
    }
  }

  /// Texts that a schema leaves free; the others follow its rules.
  private mutating func isVerbatim(_ path: [String]) -> Bool {
    if let known = known[path] { return known }
    let schemas = schema.schemas(at: path)
    let marks = schemas.compactMap { $0[JSONSchema.verbatimMark]?.bool }
    let isFree = !schemas.contains { schema in
      ["enum", "const", "pattern", "format"].contains { schema[$0] != nil }
    }
    let isIt = marks.first ?? (isUsual && isFree)
    known[path] = isIt
    return isIt
  }
}
