import ModelTools
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

  @Option(
    help: """
      The model's name, folder or GGUF file; without one, the default model and a \
      MiniMax-shaped one of 130M random weights.
      """)
  var model: String?

  @Option(help: "Depths in tokens, separated by commas.")
  var tokens = "2048,8192,32768"

  @Flag(help: "Also tell the time by kind of work, of all layers and of each.")
  var profile = false

  @Option(
    help: """
      Blocks of 512 tokens that go through a layer before the next layer's turn; 8 for models \
      with experts or larger than memory, else 1. The results are the same to the bit.
      """)
  var superblock: Int?

  @OptionGroup var computing: ThreadOptions

  @Flag(help: "Print JSON.")
  var json = false

  /// The model's report; beside the default model's that of the shaped one.
  private struct Reports: Encodable {
    let report: BenchReport
    let shaped: BenchReport?

    enum CodingKeys: String, CodingKey { case shaped = "minimax_shaped" }

    func encode(to encoder: any Encoder) throws {
      try report.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encodeIfPresent(shaped, forKey: .shaped)
    }
  }

  func run() throws {
    let depths = try Self.depths(tokens)
    let report = try bench(model ?? DefaultModel.name, depths)
    let reports = Reports(
      report: report, shaped: model == nil ? try bench(try Self.shapedModel(), depths) : nil)
    if json { return print(JSONText.pretty(reports)) }
    print(([reports.report, reports.shaped].compactMap { $0?.text }).joined(separator: "\n\n"))
  }

  func validate() throws {
    if let superblock, !(1...64).contains(superblock) {
      throw ValidationError("--superblock is \(superblock); it must be in 1...64")
    }
  }

  private func bench(_ name: String, _ depths: [Int]) throws -> BenchReport {
    // The host's rates are measured before and after: other work makes them vary.
    let throughput = Throughput(threads: computing.threads)
    let before = BenchReport.Machine(throughput)
    return try ModelBench(
      model: name, folder: DataHome.modelFolder(name), threads: computing.threads, depths: depths,
      isProfiled: profile, superblock: superblock
    )
    .run(machine: before, again: { BenchReport.Machine(throughput) })
  }

  /// Made once, and kept in the data directory.
  private static func shapedModel() throws -> String {
    let folder = DataHome.path + "/benchmarks/minimax-shaped-130m"
    if !FileManager.default.fileExists(atPath: folder + "/config.json") {
      try FileManager.default.createDirectory(
        atPath: DataHome.path + "/benchmarks", withIntermediateDirectories: true)
      try ShapedModel.write(to: folder)
    }

    return folder
  }

  /// Tokens; more than anybody waits for.
  private static let mostDepth = 1 << 30

  static func depths(_ text: String) throws -> [Int] {
    try text.split(separator: ",").map { part in
      guard let depth = Int(part), (1...mostDepth).contains(depth) else {
        throw ValidationError("--tokens holds '\(part)', which is no positive number")
      }
      return depth
    }.sorted()
  }

  /// Any ids cost the same: these walk through the vocabulary.
  static func ids(_ count: Int, vocabulary: Int) -> [Int32] {
    (0..<count).map { Int32(($0 * 7919) % vocabulary) }
  }
}
