import Foundation

/// Writes the tokenizer in a GGUF file's metadata as a tokenizer.json.
struct GGUFTokenizer {
  private static let controlType = 3
  private let tokens: [String]
  private let types: [Int]
  private let merges: [String]
  private let preTokenizers: String

  /// - Throws: `ModelError.malformedGGUF` for a tokenizer other than byte-level BPE.
  init(_ source: GGUFFile) throws {
    let kind = (try source.string("tokenizer.ggml.model"), try source.string("tokenizer.ggml.pre"))
    guard kind == ("gpt2", "smollm") else {
      throw source.malformed("its tokenizer is \(kind.0)/\(kind.1); gpt2/smollm is supported")
    }
    tokens = try source.strings("tokenizer.ggml.tokens")
    types = try source.integers("tokenizer.ggml.token_type")
    merges = try source.strings("tokenizer.ggml.merges")
    guard types.count == tokens.count else { throw source.malformed("token types and tokens differ in number") }
    preTokenizers = """
      {"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},\
      {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}
      """
  }

  func json() -> Data {
    let vocabulary = tokens.enumerated().map { "\(Self.quoted($1)):\($0)" }.joined(separator: ",\n")
    let added = tokens.indices.filter { types[$0] == Self.controlType }.map { id in
      "{\"id\":\(id),\"content\":\(Self.quoted(tokens[id])),\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}"
    }.joined(separator: ",\n")
    let text = """
      {"version":"1.0","truncation":null,"padding":null,"added_tokens":[\(added)],"normalizer":null,
      "pre_tokenizer":\(preTokenizers),"post_processor":null,
      "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
      "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
      "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
      "vocab":{\(vocabulary)},
      "merges":[\(merges.map(Self.quoted).joined(separator: ",\n"))]}}
      """
    return Data(text.utf8)
  }

  private static func quoted(_ string: String) -> String {
    var result = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 32: result += "\\u" + String(format: "%04x", scalar.value)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
