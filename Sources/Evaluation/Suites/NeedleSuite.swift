import Results
import Retrieval
package import Answering
import Documents
import Foundation
import Inference
import Reading

/// Numbers hidden in a long text, at several depths: does the answerer find them?
package struct NeedleSuite: EvaluationSuite {
  package var lengths: [Int]
  /// Percent of the text before a needle.
  package var depths: [Int]
  /// Texts for each length and depth.
  package var repeats: Int
  /// True: the question is known before the reading. False: it is asked after one reading of all
  /// needles.
  package var known: Bool
  /// Where needles are hidden; repeated where it is too short.
  package var haystack: String

  /// As many different needles can be hidden in one text.
  package static let mostDepths = cities.count

  private static let cities = [
    "Lisbon", "Nairobi", "Osaka", "Quito", "Tallinn", "Winnipeg", "Adelaide", "Bergen", "Cusco",
    "Dakar", "Esfahan", "Fez", "Galway",
    "Hanoi",
    "Izmir", "Jaipur",
  ]

  package var options: AnswerOptions

  package init(
    lengths: [Int], depths: [Int], repeats: Int, known: Bool, haystack: String,
    options: AnswerOptions
  ) {
    self.options = options
    self.lengths = lengths
    self.depths = depths
    self.repeats = repeats
    self.known = known
    self.haystack = haystack
  }

  package var parameters: String {
    "lengths=\(lengths) depths=\(depths) repeats=\(repeats) known=\(known) \(options.description)"
  }

  package var texts: [String] { [haystack] }

  package func run(_ answerer: Answerer, _ data: EvaluationData, _ log: EvaluationLog) throws {
    guard !haystack.isEmpty else {
      throw EvaluationError.nothingToMeasure("the text that needles are hidden in is empty")
    }
    for length in lengths {
      for index in 0..<repeats {
        if known {
          for depth in depths { try measure([depth], length, index, answerer, log) }
        } else {
          try measure(depths, length, index, answerer, log)
        }
      }
    }
  }

  private func measure(
    _ depths: [Int], _ length: Int, _ index: Int, _ answerer: Answerer, _ log: EvaluationLog
  ) throws {
    var random = SplitMix64(choices: 100_000 * index + length + (known ? depths[0] : 1))
    let cities = Self.cities.shuffled(using: &random)
    let needles = zip(depths, cities).map {
      Needle(depth: $0, city: $1, number: Int.random(in: 1_000_000...9_999_999, using: &random))
    }
    let keys = depths.map { "\(length)/\(index)/\($0)" }
    if keys.allSatisfy(log.has) { return }
    let document = Document(
      name: "haystack.txt", text: try text(with: needles, tokens: length, answerer))
    let reading = try answerer.open(
      document, focus: known ? Question(needles[0].question) : nil)
    for (key, needle) in zip(keys, needles) {
      try log.add(key) {
        let answer = try answerer.answer(Question(needle.question), from: reading, options)
        let found = answer.text.filter(\.isNumber).contains("\(needle.number)")
        let quoted = answer.evidence.prefix(3).contains { $0.quote.contains("\(needle.number)") }
        return EvaluationItem(
          group: "\(length)",
          values: [
            "found": found ? 1 : 0, "evidence_3": quoted ? 1 : 0,
            "depth_\(needle.depth)": found ? 1 : 0,
          ],
          texts: answer.candidateTexts.merging([
            "question": needle.question, "answer": answer.text, "expected": "\(needle.number)",
          ]) { $1 })
      }
    }
  }

  private struct Needle {
    let depth: Int
    let city: String
    let number: Int
    var sentence: String { "The secret number of \(city) is \(number)." }
    var question: String { "What is the secret number of \(city)?" }
  }

  /// The haystack's lines, as often as it takes, with the needles between them.
  private func text(with needles: [Needle], tokens: Int, _ answerer: Answerer) throws -> String {
    let lines = haystack.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let whole = answerer.countTokens(haystack)
    var taken: [String] = []
    for _ in 0..<tokens / whole { taken += lines }
    let rest = Double(tokens % whole) / Double(whole) * Double(haystack.utf8.count)
    var used = 0.0
    for line in lines where used < rest {
      taken.append(line)
      used += Double(line.utf8.count + 1)
    }

    for needle in needles.sorted(by: { $0.depth > $1.depth }) {
      taken.insert(contentsOf: ["", needle.sentence, ""], at: taken.count * needle.depth / 100)
    }

    return taken.joined(separator: "\n")
  }
}
