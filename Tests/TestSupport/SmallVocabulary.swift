package import Foundation

/// The small GPT-2-like vocabulary of the fixtures, with control tokens that a test wants.
package enum SmallVocabulary {
  /// A tokenizer.json. Names that end in `think>` are tokens that are not special, as models have
  /// them.
  package static func json(_ control: [String]) throws -> Data {
    let path = Repository.fixture("tokenizers/gpt2-style/tokenizer.json")
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    var json = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    var added = json["added_tokens"] as? [[String: Any]] ?? []
    let first = 1 + (added.compactMap { $0["id"] as? Int }.max() ?? 0)
    added += control.enumerated().map { index, name in
      ["id": first + index, "content": name, "special": !name.hasSuffix("think>")]
    }
    json["added_tokens"] = added
    return try JSONSerialization.data(withJSONObject: json)
  }
}
