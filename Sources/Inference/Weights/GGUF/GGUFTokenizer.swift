package import Foundation

/// Writes the tokenizer in a GGUF file's metadata as a tokenizer.json.
package struct GGUFTokenizer {
  /// Tokens that text never makes: control tokens, and words such as `<think>` that users defined.
  private static let addedTypes = (control: 3, user: 4)
  private let tokens: [String]
  private let types: [Int]
  private let merges: [String]
  private let preTokenizer: String
  private let normalizer: String

  /// - Throws: `ModelError.malformedGGUF` for a tokenizer other than byte-level BPE.
  package init(_ source: GGUFFile) throws {
    let kind = (try source.string("tokenizer.ggml.model"), try source.string("tokenizer.ggml.pre"))
    guard kind.0 == "gpt2", let steps = Self.preTokenizers[kind.1] else {
      throw source.malformed(
        "its tokenizer is \(kind.0)/\(kind.1); byte-level BPE (gpt2) with one of "
          + "\(Self.preTokenizers.keys.sorted()) is supported"
      )
    }
    tokens = try source.strings("tokenizer.ggml.tokens")
    types = try source.integers("tokenizer.ggml.token_type")
    merges = try source.strings("tokenizer.ggml.merges")
    guard types.count == tokens.count else {
      throw source.malformed("token types and tokens differ in number")
    }
    preTokenizer = steps
    normalizer = kind.1 == "qwen2" ? "{\"type\":\"NFC\"}" : "null"
  }

  private static let byteLevel =
    #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#
  private static let plainByteLevel =
    #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}"#

  /// What llama.cpp's names stand for, as tokenizer.json spells it.
  private static let preTokenizers = [
    "smollm":
      #"{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},\#(byteLevel)]}"#,
    "gpt-2": byteLevel,
    "default": byteLevel,
    "qwen2": split(digits: #"\\p{N}"#),
    "llama-bpe": split(digits: #"\\p{N}{1,3}"#),
    "gpt-4o": isolated(o200k), "minimax-m2": isolated(o200k), "bailingmoe": isolated(bailing),
  ]

  /// GPT-4o's pattern, which MiniMax has too.
  private static let o200k: String = {
    let upper = #"\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}"#
    let lower = #"\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}"#
    let before = #"[^\\r\\n\\p{L}\\p{N}]?"#
    let after = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    let words =
      "\(before)[\(upper)]*[\(lower)]+\(after)|\(before)[\(upper)]+[\(lower)]*\(after)"
    return words
      + #"|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"#
  }()

  /// Ling's and Ring's.
  private static let bailing =
    #"'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}"#
    + #"| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"#

  /// The pattern of Qwen 2 and Llama 3, which differ in how many digits stay together.
  private static func split(digits: String) -> String {
    let pattern =
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\#(digits)| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"#
    return isolated(pattern)
  }

  /// - Parameter pattern: as JSON spells it.
  private static func isolated(_ pattern: String) -> String {
    #"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\#(pattern)"},"behavior":"Isolated","invert":false},\#(plainByteLevel)]}"#
  }

  package func json() -> Data {
    let vocabulary = tokens.enumerated().map { "\(Self.quoted($1)):\($0)" }.joined(separator: ",\n")
    let kinds = [Self.addedTypes.control, Self.addedTypes.user]
    let added = tokens.indices.filter { kinds.contains(types[$0]) }.map { id in
      let isSpecial = types[id] == Self.addedTypes.control
      return
        "{\"id\":\(id),\"content\":\(Self.quoted(tokens[id])),\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":\(isSpecial)}"
    }.joined(separator: ",\n")
    let text = """
      {"version":"1.0","truncation":null,"padding":null,"added_tokens":[\(added)],"normalizer":\(normalizer),
      "pre_tokenizer":\(preTokenizer),"post_processor":null,
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
