import Tokenizer
import ModelTools
import Documents
import Evaluation
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
    let tokenizer = try ModelTokenizer.open(folder)
    let text = try DocumentLoader().load(command.text ?? "").text
    let ids = tokenizer.encode(text)
    guard ids.count >= 2 else {
      throw UserError("\(command.text ?? "") has \(ids.count) tokens; perplexity needs at least 2")
    }
    let lengths = try command.lengths(default: "2048")
    let windows = lengths.map { samples(ids, $0) }
    let measured = try perplexities(folder, text, windows)
    let others = try command.reference.map {
      try perplexities(DataHome.modelFolder($0), text, windows)
    }
    let rows = lengths.indices.map { index in
      Row(
        tokens: windows[index][0].ids.count, predictedTokens: measured[index].tokens,
        perplexity: measured[index].value,
        referencePerplexity: others?[index].value,
        ratio: others.map { measured[index].value / $0[index].value })
    }
    if command.json {
      return print(
        JSONText.pretty(Report(model: command.model, reference: command.reference, rows: rows)))
    }

    for row in rows { show(row) }
  }

  private func show(_ row: Row) {
    print(
      "\(command.model): perplexity \(Self.text(row.perplexity)) over \(row.predictedTokens) "
        + "tokens in windows of \(row.tokens)"
    )
    if let reference = command.reference, let other = row.referencePerplexity, let ratio = row.ratio
    {
      print("\(reference): \(Self.text(other)); ratio \(Self.text(ratio))")
    }
  }

  private struct Window {
    let start: Int
    let ids: [Int32]
  }

  /// Windows of a length, spread evenly; of all that there is where that is less.
  private func samples(_ ids: [Int32], _ length: Int) -> [Window] {
    let width = min(length, ids.count)
    let count = min(command.count ?? 8, ids.count / width)
    return (0..<count).map { index in
      let start = count == 1 ? 0 : (ids.count - width) * index / (count - 1)
      return Window(start: start, ids: Array(ids[start..<start + width]))
    }
  }

  /// Of each length's windows; those that were measured before are not read again.
  private func perplexities(_ folder: String, _ text: String, _ samples: [[Window]]) throws
    -> [Perplexity]
  {
    let model = try LanguageModel.load(folder: folder, threads: command.computing.threads)
    let log = try command.log(of: folder, "tokenizer=\(command.model)", texts: [text], files: "")
    return try samples.map { windows in
      try windows.reduce(into: Perplexity()) { $0 += try perplexity($1, model, log) }
    }
  }

  private func perplexity(_ window: Window, _ model: LanguageModel, _ log: EvaluationLog) throws
    -> Perplexity
  {
    let key = "\(window.start)+\(window.ids.count)"
    try log.add(key) {
      var measured = Perplexity()
      try measured.add(window.ids, model: model)
      let values = [
        "negative_log_likelihood": measured.negativeLogLikelihood,
        "tokens": Double(measured.tokens),
      ]
      return EvaluationItem(group: "\(window.ids.count)", values: values, texts: [:])
    }
    let values = log.item(key)?.values ?? [:]

    return Perplexity(
      negativeLogLikelihood: values["negative_log_likelihood"] ?? .nan,
      tokens: Int(values["tokens"] ?? 0))
  }

  private static func text(_ value: Double) -> String { String(format: "%.4f", value) }
}
