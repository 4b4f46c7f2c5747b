import Documents
import Foundation
import Host
import Inference
import Reading

/// `model eval ppl`.
struct PerplexityReport {
  let command: EvalCommand

  private struct Row: Encodable {
    let tokens: Int
    let predictedTokens: Int
    let perplexity: Double
    let referencePerplexity: Double?
    let ratio: Double?

    enum CodingKeys: String, CodingKey {
      case tokens, perplexity, ratio
      case predictedTokens = "predicted_tokens"
      case referencePerplexity = "reference_perplexity"
    }
  }

  private struct Report: Encodable {
    let suite = "ppl"
    let model: String
    let reference: String?
    let rows: [Row]
  }

  func run() throws {
    let folder = DataHome.modelFolder(command.model)
    let ids = try ModelTokenizer.open(folder).encode(try DocumentReader().read(command.text ?? "").text)
    guard ids.count >= 2 else { throw UserError("\(command.text ?? "") has \(ids.count) tokens; perplexity needs at least 2") }
    let lengths = try command.lengths(default: "2048")
    let windows = lengths.map { samples(ids, $0) }
    let measured = try perplexities(folder, windows)
    let others = try command.reference.map { try perplexities(DataHome.modelFolder($0), windows) }
    let rows = lengths.indices.map { index in
      Row(
        tokens: lengths[index], predictedTokens: measured[index].tokens, perplexity: measured[index].value,
        referencePerplexity: others?[index].value, ratio: others.map { measured[index].value / $0[index].value })
    }
    if command.json { return print(JSONText.pretty(Report(model: command.model, reference: command.reference, rows: rows))) }
    for row in rows { show(row) }
  }

  private func show(_ row: Row) {
    print("\(command.model): perplexity \(Self.text(row.perplexity)) over \(row.predictedTokens) tokens in windows of \(row.tokens)")
    if let reference = command.reference, let other = row.referencePerplexity, let ratio = row.ratio {
      print("\(reference): \(Self.text(other)); ratio \(Self.text(ratio))")
    }
  }

  /// Windows of a length, spread evenly.
  private func samples(_ ids: [Int32], _ length: Int) -> [[Int32]] {
    let width = min(length, ids.count)
    let count = min(command.count ?? 8, ids.count / width)
    return (0..<count).map { index in
      let start = count == 1 ? 0 : (ids.count - width) * index / (count - 1)
      return Array(ids[start..<start + width])
    }
  }

  private func perplexities(_ folder: String, _ samples: [[[Int32]]]) throws -> [Perplexity] {
    let model = try LanguageModel.load(folder: folder, threads: command.threads)
    return try samples.map { windows in
      var result = Perplexity()
      for window in windows { try result.add(window, model: model) }
      return result
    }
  }

  private static func text(_ value: Double) -> String { String(format: "%.4f", value) }
}
