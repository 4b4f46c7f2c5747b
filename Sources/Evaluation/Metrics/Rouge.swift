/// ROUGE-1, -2 and -L, F1 (Lin 2004), with the words of Google's rouge-score: runs of ASCII
/// letters and digits in lower case, not stemmed. ROUGE-L is over the whole text.
package struct Rouge: Sendable, Equatable {
  package let one, two, longest: Double

  /// Against the reference with the best ROUGE-L.
  package init(_ text: String, references: [String]) {
    let words = Self.words(text)
    let scores = references.map { reference in Rouge(words, Self.words(reference)) }
    self = scores.max { $0.longest < $1.longest } ?? Rouge(words, [])
  }

  private init(_ text: [String], _ reference: [String]) {
    one = Self.overlap(text, reference, size: 1)
    two = Self.overlap(text, reference, size: 2)
    longest = Self.f1(Self.longestCommonSubsequence(text, reference), text.count, reference.count)
  }

  static func words(_ text: String) -> [String] {
    text.lowercased().utf8.split {
      !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) && !(48...57).contains($0)
    }
    .map { String(decoding: $0, as: UTF8.self) }
  }

  private static func overlap(_ text: [String], _ reference: [String], size: Int) -> Double {
    var left = grams(reference, size)
    let total = left.values.reduce(0, +)
    var common = 0
    var own = 0
    for (gram, count) in grams(text, size) {
      own += count
      common += min(count, left[gram, default: 0])
      left[gram] = nil
    }

    return f1(common, own, total)
  }

  private static func grams(_ words: [String], _ size: Int) -> [ArraySlice<String>: Int] {
    guard words.count >= size else { return [:] }
    return Dictionary(
      (0...words.count - size).map { (words[$0..<$0 + size], 1) }, uniquingKeysWith: +)
  }

  private static func longestCommonSubsequence(_ a: [String], _ b: [String]) -> Int {
    var row = [Int](repeating: 0, count: b.count + 1)
    for word in a {
      var diagonal = 0
      for index in b.indices {
        let above = row[index + 1]
        row[index + 1] = word == b[index] ? diagonal + 1 : max(above, row[index])
        diagonal = above
      }
    }

    return row[b.count]
  }

  private static func f1(_ common: Int, _ own: Int, _ reference: Int) -> Double {
    guard common > 0 else { return 0 }
    let precision = Double(common) / Double(own)
    let recall = Double(common) / Double(reference)
    return 2 * precision * recall / (precision + recall)
  }
}
