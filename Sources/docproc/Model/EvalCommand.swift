import ArgumentParser
import Documents
import Foundation
import Host
import Inference
import Reading
import Tokenizer

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure a model's quality on text of your own.",
    discussion: """
      ppl   perplexity over windows spread evenly over a text, each read from an empty state;
            with --reference also the ratio to another model over the same tokens
      """)

  enum Suite: String, ExpressibleByArgument, CaseIterable { case ppl }

  @Argument(help: "ppl.")
  var suite: Suite

  @Option(help: "The model's name or folder.")
  var model = DefaultModel.name

  @Option(help: "Another model with the same tokenizer, to compare with.")
  var reference: String?

  @Option(help: "The text: a file or a directory.")
  var text: String

  @Option(help: "Tokens of a window.")
  var tokens = 2048

  @Option(help: "Windows at most.")
  var windows = 8

  @Option(help: "Threads; 0 means all CPUs.")
  var threads = 0

  @Flag(help: "Print JSON.")
  var json = false

  private struct Report: Encodable {
    let suite: String
    let model: String
    let tokens: Int
    let predictedTokens: Int
    let perplexity: Double
    let reference: String?
    let referencePerplexity: Double?
    let ratio: Double?

    enum CodingKeys: String, CodingKey {
      case suite, model, tokens, perplexity, reference, ratio
      case predictedTokens = "predicted_tokens"
      case referencePerplexity = "reference_perplexity"
    }
  }

  func validate() throws {
    guard tokens >= 2, windows >= 1 else { throw ValidationError("--tokens must be at least 2, and --windows at least 1") }
  }

  func run() throws {
    let folder = DataHome.modelFolder(model)
    let samples = try samples(folder)
    let measured = try perplexity(folder, samples)
    let other = try reference.map { try perplexity(DataHome.modelFolder($0), samples) }
    let report = Report(
      suite: suite.rawValue, model: model, tokens: tokens, predictedTokens: measured.tokens, perplexity: measured.value,
      reference: reference, referencePerplexity: other?.value, ratio: other.map { measured.value / $0.value })
    if json { return print(JSONText.pretty(report)) }
    print("\(model): perplexity \(Self.text(measured.value)) over \(measured.tokens) tokens in windows of \(tokens)")
    if let reference, let other {
      print("\(reference): \(Self.text(other.value)); ratio \(Self.text(measured.value / other.value))")
    }
  }

  private func samples(_ folder: String) throws -> [[Int32]] {
    let ids = try ModelTokenizer.open(folder).encode(try DocumentReader().read(text).text)
    guard ids.count >= 2 else { throw UserError("\(text) has \(ids.count) tokens; perplexity needs at least 2") }
    let width = min(tokens, ids.count)
    let count = min(windows, ids.count / width)
    return (0..<count).map { index in
      let start = count == 1 ? 0 : (ids.count - width) * index / (count - 1)
      return Array(ids[start..<start + width])
    }
  }

  private func perplexity(_ folder: String, _ samples: [[Int32]]) throws -> Perplexity {
    let model = try LanguageModel.load(folder: folder, threads: threads)
    var result = Perplexity()
    for sample in samples { try result.add(sample, model: model) }
    return result
  }

  private static func text(_ value: Double) -> String { String(format: "%.4f", value) }
}
