import Foundation
package import Inference

/// The documents of `Tests/Fixtures/recall`, made by its rule: lines `KEY: VALUE.` between notes.
package struct RecallDocuments: Decodable {
  package struct Made: Decodable, Sendable {
    package let tokens: Int
    package let seed: UInt64
    package let bytes: Int
    package let fnv1a64: String
    /// Pairs of a question and its exact answer.
    package let questions: [[String]]
  }

  private struct Words: Decodable {
    let first, second, values, noteAdjectives, noteNouns, noteVerbs, notePlaces, noteEnds: [String]
  }

  package let documents: [Made]
  private let pairs: Int
  private let words: Words

  package static let folder = Repository.fixture("recall")

  package static func load() throws -> RecallDocuments {
    let data = try Repository.data("recall/questions.json")
    return try JSONDecoder().decode(RecallDocuments.self, from: data)
  }

  package func text(_ made: Made) -> String {
    var random = SplitMix64(seed: made.seed)
    var lines: [String] = []
    var count = 0
    var drawn: Set<String> = []
    for pair in 0..<pairs {
      let until = Double(made.tokens) * (Double(pair) + 0.5) / Double(pairs)
      while Double(count) < until { count += note(&random, into: &lines) }
      let key = key(&random, without: &drawn)
      lines.append("\(key): \(random.pick(words.values)).")
      count += 6
    }

    while count < made.tokens { count += note(&random, into: &lines) }
    return lines.joined(separator: "\n")
  }

  private func key(_ random: inout SplitMix64, without drawn: inout Set<String>) -> String {
    while true {
      let first = random.below(words.first.count)
      let second = random.below(words.second.count)
      let key = "\(words.first[first]) \(words.second[second])"
      if (first + second) % 4 == 0, drawn.insert(key).inserted { return key }
    }
  }

  /// - Returns: its tokens.
  private func note(_ random: inout SplitMix64, into lines: inout [String]) -> Int {
    let kind = random.below(8)
    var said = ["note: the"]
    if kind & 1 != 0 { said.append(random.pick(words.noteAdjectives)) }
    said.append(random.pick(words.noteNouns))
    said.append(random.pick(words.noteVerbs))
    said.append(random.pick(words.notePlaces))
    said.append("the")
    if kind & 2 != 0 { said.append(random.pick(words.noteAdjectives)) }
    said.append(random.pick(words.noteNouns))
    if kind & 4 != 0 { said.append(random.pick(words.noteEnds)) }
    let line = said.joined(separator: " ")
    lines.append(line + ".")
    return line.split(separator: " ").count + 2
  }
}

extension SplitMix64 {
  fileprivate mutating func below(_ count: Int) -> Int { Int((next() >> 33) % UInt64(count)) }

  fileprivate mutating func pick(_ list: [String]) -> String { list[below(list.count)] }
}

extension String {
  /// FNV-1a of the UTF-8 bytes, in hex.
  package var fnv1a64: String {
    let hash = utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
