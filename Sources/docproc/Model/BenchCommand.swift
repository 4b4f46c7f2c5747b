import ArgumentParser
import Foundation
import Host
import Inference

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure how fast a model reads and generates at given depths.")

  @Option(help: "The model's name or folder.")
  var model = DefaultModel.name

  @Option(help: "Depths in tokens, separated by commas.")
  var tokens = "2048,8192"

  @Option(help: "Threads; 0 means all CPUs.")
  var threads = 0

  @Flag(help: "Print JSON.")
  var json = false

  private static let decodedTokens = 32

  private struct Measurement: Encodable {
    let tokens: Int
    let prefillTokensPerSecond: Double
    let decodeTokensPerSecond: Double
    let stateBytes: Int

    enum CodingKeys: String, CodingKey {
      case tokens
      case prefillTokensPerSecond = "prefill_tokens_per_second"
      case decodeTokensPerSecond = "decode_tokens_per_second"
      case stateBytes = "state_bytes"
    }
  }

  private struct Report: Encodable {
    let model: String
    let isa: String
    let blas: String
    let threads: Int
    let measurements: [Measurement]
  }

  func run() throws {
    let depths = try parsedDepths()
    let model = try LanguageModel.load(folder: DataHome.modelFolder(model), threads: threads)
    let report = Report(
      model: self.model, isa: ComputeBackend.isa, blas: ComputeBackend.blas, threads: Parallel(threads: threads).threads,
      measurements: try depths.map { try measure(model, depth: $0) })
    if json { return print(JSONText.pretty(report)) }
    print("kernels \(report.isa), \(report.blas), \(report.threads) threads")
    for measurement in report.measurements {
      print(
        "\(measurement.tokens) tokens: prefill \(Int(measurement.prefillTokensPerSecond)) tokens/s, decode \(Int(measurement.decodeTokensPerSecond)) tokens/s, state \(measurement.stateBytes >> 20) MiB"
      )
    }
  }

  private func parsedDepths() throws -> [Int] {
    try tokens.split(separator: ",").map { part in
      guard let depth = Int(part), depth > 0 else { throw ValidationError("--tokens holds '\(part)', which is no positive number") }
      return depth
    }
  }

  /// Any ids cost the same: these walk through the vocabulary.
  private func measure(_ model: LanguageModel, depth: Int) throws -> Measurement {
    let ids = (0..<depth).map { Int32(($0 * 7919) % model.description.vocabularySize) }
    let state = model.makeState()
    let start = ContinuousClock.now
    try model.read(ids, into: state)
    let read = ContinuousClock.now
    for id in ids.prefix(Self.decodedTokens) { _ = try model.logits(after: [id], state: state) }
    let decoded = ContinuousClock.now
    return Measurement(
      tokens: depth, prefillTokensPerSecond: Double(depth) / ((read - start) / .seconds(1)),
      decodeTokensPerSecond: Double(min(depth, Self.decodedTokens)) / ((decoded - read) / .seconds(1)), stateBytes: state.byteCount)
  }
}
