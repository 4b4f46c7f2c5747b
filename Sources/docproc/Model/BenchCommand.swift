import ArgumentParser
import Foundation
import Host
import Inference

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure how fast a model reads and generates at given depths.",
    discussion: """
      One pass over as many tokens as the greatest depth; at each depth a copy of the state
      generates. Beside the speeds: the operations they stand for, and their share of what the
      cores and the memory did in the same run.
      """)

  @Option(help: "The model's name, folder or GGUF file.")
  var model = DefaultModel.name

  @Option(help: "Depths in tokens, separated by commas.")
  var tokens = "2048,8192"

  @Option(help: "Threads; 0 means all CPUs.")
  var threads = 0

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let depths = try Self.depths(tokens)
    // Measured first, and again at the end: other work on the host makes both vary.
    let throughput = Throughput(threads: threads)
    let before = BenchReport.Machine(throughput)
    let report = try ModelBench(model: model, folder: DataHome.modelFolder(model), threads: threads, depths: depths)
      .run(machine: before, again: { BenchReport.Machine(throughput) })
    print(json ? JSONText.pretty(report) : report.text)
  }

  static func depths(_ text: String) throws -> [Int] {
    try text.split(separator: ",").map { part in
      guard let depth = Int(part), depth > 0 else { throw ValidationError("--tokens holds '\(part)', which is no positive number") }
      return depth
    }.sorted()
  }

  /// Any ids cost the same: these walk through the vocabulary.
  static func ids(_ count: Int, vocabulary: Int) -> [Int32] { (0..<count).map { Int32(($0 * 7919) % vocabulary) } }
}
