import Foundation

/// Exact match and F1 of short answers, as SQuAD's evaluation defines them (Rajpurkar et al.
/// 2016, section 6.1): over words in lower case, without punctuation and articles.
package enum AnswerMetrics {
  /// Lower case, without ASCII punctuation, without the words a, an and the.
  package static func words(_ text: String) -> [String] {
    let plain = text.lowercased().unicodeScalars.filter { !punctuation.contains($0) }
    return String(String.UnicodeScalarView(plain)).split(whereSeparator: \.isWhitespace).map(
      String.init
    )
    .filter { !articles.contains($0) }
  }

  private static let punctuation = Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".unicodeScalars)
  private static let articles: Set<String> = ["a", "an", "the"]

  /// 1 or 0, against the best of several references.
  package static func exactMatch(_ answer: String, _ references: [String]) -> Double {
    let words = words(answer)
    return references.contains { Self.words($0) == words } ? 1 : 0
  }

  /// Harmonic mean of precision and recall over words as a multiset, against the best of several
  /// references.
  package static func f1(_ answer: String, _ references: [String]) -> Double {
    references.map { f1(words(answer), words($0)) }.max() ?? 0
  }

  private static func f1(_ answer: [String], _ reference: [String]) -> Double {
    if answer.isEmpty || reference.isEmpty { return answer == reference ? 1 : 0 }

    var left = Dictionary(reference.map { ($0, 1) }, uniquingKeysWith: +)
    var common = 0.0
    for word in answer where left[word, default: 0] > 0 {
      left[word, default: 0] -= 1
      common += 1
    }

    guard common > 0 else { return 0 }
    let precision = common / Double(answer.count)
    let recall = common / Double(reference.count)

    return 2 * precision * recall / (precision + recall)
  }
}
