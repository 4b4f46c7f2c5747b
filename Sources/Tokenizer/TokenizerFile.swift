import Foundation

/// The parts of a Hugging Face tokenizer.json that byte-level BPE needs.
struct TokenizerFile {
  /// One step of pre-tokenization: pieces are split by a pattern.
  struct Split {
    enum Kept { case matchesAndGaps, matches, gaps }
    let pattern: String
    let kept: Kept
  }

  struct AddedToken {
    let id: Int32
    let content: String
    /// False for words such as `<think>`, which are text of an answer.
    let isSpecial: Bool
  }

  /// How spaces are written where tokens are spelled in characters, and bytes stand for those that
  /// the vocabulary lacks (SentencePiece's BPE); nil where they are spelled in bytes.
  struct Marks {
    /// Stands for a space.
    static let space = "\u{2581}"
    /// A text gets one before its first word: each that follows a control token, or the first one.
    enum Before { case each, first, none }
    var before = Before.none
    /// A text that begins with a space gets none.
    var isOnce = false
    /// No piece goes over a mark: each begins one.
    var areApart = false
  }

  let marks: Marks?
  let vocabulary: [(token: String, id: Int32)]
  let merges: [(left: String, right: String)]
  let ignoresMerges: Bool
  /// The token for what the vocabulary has no tokens for.
  let unknown: String?
  let normalizesToNFC: Bool
  let splits: [Split]
  let addedTokens: [AddedToken]
  /// Names of the tokens that stand before a text, such as `<|begin_of_text|>`.
  let beginning: [String]

  /// - Throws: `TokenizerError` that names the part which is missing or not supported.
  init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw TokenizerError.unreadable(path: path, reason: "no such file")
    }
    try self.init(data, path: path)
  }

  /// - Parameter path: where the JSON is from, for errors.
  init(_ data: Data, path: String) throws {
    guard let root = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
      throw TokenizerError.unreadable(path: path, reason: "it is not a JSON object")
    }
    guard let model = root["model"] as? [String: Any] else {
      throw TokenizerError.malformed("it has no model")
    }

    try Self.check(model)
    guard model["vocab"] != nil else { throw TokenizerError.malformed("model.vocab is missing") }
    guard let vocabulary = VocabularyScanner.entries(in: data) else {
      throw TokenizerError.malformed("model.vocab does not map tokens to ids")
    }
    self.vocabulary = vocabulary
    merges = try Self.merges(model["merges"])
    ignoresMerges = model["ignore_merges"] as? Bool ?? false
    unknown = model["unk_token"] as? String
    if model["byte_fallback"] as? Bool == true {
      marks = try Self.marks(root["normalizer"], root["pre_tokenizer"])
      normalizesToNFC = false
      splits = []
    } else {
      marks = nil
      normalizesToNFC = try Self.normalizer(root["normalizer"])
      var byteLevel = false
      splits = try Self.splits(root["pre_tokenizer"], &byteLevel)
      guard byteLevel else {
        throw TokenizerError.unsupported(what: "pre-tokenizer", name: "not byte-level")
      }
    }
    addedTokens = try Self.added(root["added_tokens"])
    beginning = Self.beginning(root["post_processor"])
  }

  private static func check(_ model: [String: Any]) throws {
    let type = model["type"] as? String ?? "BPE"
    guard type == "BPE" else { throw TokenizerError.unsupported(what: "model", name: type) }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let value = model[key] as? String, !value.isEmpty {
        throw TokenizerError.unsupported(what: key, name: value)
      }
    }
  }

  private static func merges(_ value: Any?) throws -> [(left: String, right: String)] {
    if let pairs = value as? [[String]], pairs.allSatisfy({ $0.count == 2 }) {
      return pairs.map { ($0[0], $0[1]) }
    }

    guard let lines = value as? [String] else {
      throw TokenizerError.malformed("model.merges is missing")
    }
    return try lines.map { line in
      // Split by scalars: Swift's Characters would join a space and a combining mark.
      let parts = line.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw TokenizerError.malformed("the merge '\(line)' is not a pair")
      }
      return (String(parts[0]), String(parts[1]))
    }
  }

  private static func normalizer(_ value: Any?) throws -> Bool {
    guard let normalizer = value as? [String: Any] else { return false }

    let type = normalizer["type"] as? String ?? "?"
    if type == "Sequence", let steps = normalizer["normalizers"] as? [[String: Any]] {
      return try steps.reduce(false) { try Self.normalizer($1) || $0 }
    }

    guard type == "NFC" else { throw TokenizerError.unsupported(what: "normalizer", name: type) }
    return true
  }

  /// Spaces become marks in the normalizer (Llama 2), or in a Metaspace step.
  private static func marks(_ normalizer: Any?, _ preTokenizer: Any?) throws -> Marks {
    var marks = Marks()
    var replaces = false
    for step in steps(normalizer, "normalizers") {
      let type = step["type"] as? String ?? "?"
      switch type {
      case "Prepend" where step["prepend"] as? String == Marks.space: marks.before = .each
      case "Replace" where step["content"] as? String == Marks.space: replaces = true
      default: throw TokenizerError.unsupported(what: "normalizer", name: type)
      }
    }
    for step in steps(preTokenizer, "pretokenizers") {
      let type = step["type"] as? String ?? "?"
      guard type == "Metaspace", step["replacement"] as? String == Marks.space else {
        throw TokenizerError.unsupported(what: "pre-tokenizer", name: "\(type) with byte_fallback")
      }
      replaces = true
      marks.isOnce = true
      marks.areApart = step["split"] as? Bool ?? true
      let older = step["add_prefix_space"] as? Bool == false ? "never" : "always"
      switch step["prepend_scheme"] as? String ?? older {
      case "always": marks.before = .each
      case "first": marks.before = .first
      default: marks.before = .none
      }
    }
    guard replaces else {
      throw TokenizerError.unsupported(what: "model", name: "byte_fallback without \(Marks.space)")
    }
    return marks
  }

  /// A step, or those of a sequence.
  private static func steps(_ value: Any?, _ key: String) -> [[String: Any]] {
    guard let step = value as? [String: Any] else { return [] }
    if step["type"] as? String == "Sequence" { return step[key] as? [[String: Any]] ?? [] }
    return [step]
  }

  private static func splits(_ value: Any?, _ byteLevel: inout Bool) throws -> [Split] {
    guard let step = value as? [String: Any], let type = step["type"] as? String else {
      throw TokenizerError.unsupported(what: "pre-tokenizer", name: "none")
    }

    switch type {
    case "Sequence":
      return try (step["pretokenizers"] as? [Any] ?? []).flatMap { try splits($0, &byteLevel) }
    case "Digits":
      let digit = #"[\p{N}"# + UnicodeVersion.newestDigits + "]"
      return [
        Split(
          pattern: step["individual_digits"] as? Bool == true ? digit : digit + "+",
          kept: .matchesAndGaps)
      ]
    case "ByteLevel":
      byteLevel = true
      if step["add_prefix_space"] as? Bool == true {
        throw TokenizerError.unsupported(
          what: "pre-tokenizer", name: "ByteLevel with add_prefix_space")
      }
      return step["use_regex"] as? Bool ?? true
        ? [Split(pattern: PreTokenizer.gpt2Pattern, kept: .matchesAndGaps)] : []
    case "Split": return [try split(step)]
    default: throw TokenizerError.unsupported(what: "pre-tokenizer", name: type)
    }
  }

  private static func split(_ step: [String: Any]) throws -> Split {
    guard let pattern = (step["pattern"] as? [String: Any])?["Regex"] as? String else {
      throw TokenizerError.unsupported(what: "pre-tokenizer", name: "Split without a Regex")
    }

    let behavior = step["behavior"] as? String ?? "?"
    let inverted = step["invert"] as? Bool ?? false
    switch (behavior, inverted) {
    case ("Isolated", _): return Split(pattern: pattern, kept: .matchesAndGaps)
    case ("Removed", true): return Split(pattern: pattern, kept: .matches)
    case ("Removed", false): return Split(pattern: pattern, kept: .gaps)
    default:
      throw TokenizerError.unsupported(
        what: "pre-tokenizer", name: "Split with behavior \(behavior)")
    }
  }

  /// What a template puts before its first sequence.
  private static func beginning(_ value: Any?) -> [String] {
    guard let step = value as? [String: Any] else { return [] }
    switch step["type"] as? String {
    case "Sequence": return (step["processors"] as? [Any] ?? []).flatMap(beginning)
    case "TemplateProcessing":
      let single = step["single"] as? [[String: Any]] ?? []
      return single.prefix { $0["Sequence"] == nil }.compactMap {
        ($0["SpecialToken"] as? [String: Any])?["id"] as? String
      }
    default: return []
    }
  }

  private static func added(_ value: Any?) throws -> [AddedToken] {
    try (value as? [[String: Any]] ?? []).map { entry in
      guard let number = entry["id"] as? Int, let id = Int32(exactly: number), id >= 0,
        let content = entry["content"] as? String
      else {
        throw TokenizerError.malformed("an added token lacks id or content")
      }
      return AddedToken(
        id: id, content: content, isSpecial: entry["special"] as? Bool ?? true)
    }
  }
}
