import Retrieval
import Foundation
import Reading

/// Okapi BM25 (Robertson and Zaragoza 2009) over given passages, as a retrieval pipeline has it.
struct PassageIndex {
  private static let saturation = 1.2
  private static let lengthShare = 0.75
  private let bags: [[String: Int]]
  private let lengths: [Double]
  private let holding: [String: Int]
  private let mean: Double

  init(_ passages: [String]) {
    bags = passages.map { Dictionary(Rouge.words($0).map { ($0, 1) }, uniquingKeysWith: +) }
    lengths = bags.map { Double($0.values.reduce(0, +)) }
    holding = bags.reduce(into: [:]) { counts, bag in
      for word in bag.keys { counts[word, default: 0] += 1 }
    }
    mean = max(lengths.reduce(0, +) / Double(max(lengths.count, 1)), 1)
  }

  /// Indices of the best passages, best first.
  func best(_ count: Int, for question: String) -> [Int] {
    let words = Set(Rouge.words(question))
    let scores = bags.indices.map { score(words, $0) }
    return Array(scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(count))
  }

  private func score(_ words: Set<String>, _ passage: Int) -> Double {
    let norm = Self.saturation * (1 - Self.lengthShare + Self.lengthShare * lengths[passage] / mean)
    return words.sorted().reduce(0) { sum, word in
      guard let count = bags[passage][word] else { return sum }
      let held = Double(holding[word, default: 0])
      let rarity = log(1 + (Double(bags.count) - held + 0.5) / (held + 0.5))
      return sum + rarity * Double(count) * (Self.saturation + 1) / (Double(count) + norm)
    }
  }

  /// A text as passages of about `words` words, cut between sentences.
  static func passages(of text: String, words: Int) -> [String] {
    var result: [String] = []
    var current = ""
    var count = 0
    for sentence in Sentences.split(text) {
      current += current.isEmpty ? sentence : " " + sentence
      count += sentence.split(separator: " ").count
      if count >= words {
        result.append(current)
        current = ""
        count = 0
      }
    }

    return current.isEmpty ? result : result + [current]
  }
}

/// Summaries made of a text's own sentences.
enum ExtractiveSummary {
  private static let sentences = 3
  private static let damping = 0.85
  private static let rounds = 30
  private static let most = 1_500

  static func lead(_ text: String) -> String {
    Sentences.split(text).prefix(sentences).joined(separator: " ")
  }

  /// TextRank (Mihalcea and Tarau 2004, section 4): sentences by their rank in the graph of shared
  /// words.
  static func textRank(_ text: String) -> String {
    let all = Sentences.split(text)
    // The graph has a weight for every pair: of long texts every n-th sentence is a node.
    let step = max(1, (all.count + most - 1) / most)
    let nodes = Swift.stride(from: 0, to: all.count, by: step).map { $0 }.filter {
      Rouge.words(all[$0]).count > 3
    }
    guard nodes.count > sentences else { return lead(text) }
    let ranks = ranks(similarities(nodes.map { Set(Rouge.words(all[$0])) }))
    let best = nodes.indices.sorted { (ranks[$0], $1) > (ranks[$1], $0) }.prefix(sentences).sorted()

    return best.map { all[nodes[$0]] }.joined(separator: " ")
  }

  private static func similarities(_ bags: [Set<String>]) -> [[Float]] {
    var ids: [String: Int32] = [:]
    let sets = bags.map { bag in
      Set(
        bag.sorted().map { word in
          ids[word]
            ?? {
              ids[word] = Int32(ids.count); return Int32(ids.count - 1)
            }()
        })
    }
    var result = [[Float]](repeating: [Float](repeating: 0, count: bags.count), count: bags.count)
    for a in sets.indices {
      for b in 0..<a {
        let shared =
          sets[a].count < sets[b].count
          ? sets[a].count { sets[b].contains($0) } : sets[b].count { sets[a].contains($0) }
        let weight = Float(
          Double(shared) / (log(Double(sets[a].count)) + log(Double(sets[b].count)) + 1e-9))
        result[a][b] = weight
        result[b][a] = weight
      }
    }

    return result
  }

  private static func ranks(_ weights: [[Float]]) -> [Double] {
    let sums = weights.map { $0.reduce(0.0) { $0 + Double($1) } }
    var ranks = [Double](repeating: 1, count: weights.count)
    for _ in 0..<rounds {
      let shares = ranks.indices.map { sums[$0] > 0 ? ranks[$0] / sums[$0] : 0 }
      ranks = weights.map { row in
        1 - damping + damping * zip(row, shares).reduce(0) { $0 + Double($1.0) * $1.1 }
      }
    }

    return ranks
  }
}
