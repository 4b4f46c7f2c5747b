/// What can be wrong with a tokenizer.json.
package enum TokenizerError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case unsupported(what: String, name: String)
  case malformed(String)
  case badPattern(pattern: String, reason: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read the tokenizer \(path): \(reason)"
    case .unsupported(let what, let name):
      "the tokenizer's \(what) is \(name), which is not supported (byte-level BPE of the GPT-2 "
        + "family is)"
    case .malformed(let reason): "tokenizer.json: \(reason)"
    case .badPattern(let pattern, let reason):
      "tokenizer.json: the pattern \(pattern) does not compile: \(reason)"
    }
  }
}
