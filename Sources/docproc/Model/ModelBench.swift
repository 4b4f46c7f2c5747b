import ModelTools
import Foundation
import Inference
import Reading

/// One pass of a model over made-up tokens, timed.
struct ModelBench {
  let model: String
  let folder: String
  let threads: Int
  let depths: [Int]
  let isProfiled: Bool
  /// Blocks that go through a layer together; nil: as the model has it.
  let superblock: Int?

  private static let decodedTokens = 48
  /// Tokens whose speed is compared between the begin and the end of a pass.
  private static let stretch = 65_536

  func run(machine: BenchReport.Machine, again: () -> BenchReport.Machine) throws -> BenchReport {
    let model = try LanguageModel.load(folder: folder, threads: threads)
    if let superblock { model.superblock = superblock }
    if isProfiled { model.profile = ComputeProfile(layers: model.description.layers.count) }
    PeakMemory.reset()
    var pass = Pass(model: model, state: model.makeState())
    let measured = try depths.map { depth in
      model.profile?.reset()
      let before = pass.state.position
      try pass.read(to: depth)
      let reading = WorkTimes(model, tokens: depth - before)
      return try measure(model, pass, depth, reading)
    }
    let best = machine.best(again())

    return BenchReport(
      model: self.model, architecture: model.description.architecture,
      parameters: model.description.parameters,
      weightBytes: model.description.bytes, isa: ComputeBackend.isa,
      integerISA: ComputeBackend.integerISA, blas: ComputeBackend.blas,
      threads: Parallel(threads: threads).threads, machine: best,
      measurements: measured.map { $0.with(shareOf: best) },
      lastAgainstFirst: pass.lastAgainstFirst(Self.stretch))
  }

  private func measure(
    _ model: LanguageModel, _ pass: Pass, _ depth: Int, _ reading: WorkTimes?
  ) throws -> BenchReport.Measurement {
    let peak = PeakMemory.bytes  // of reading: the copy that generates comes on top
    let fork = pass.state.fork()
    let ids = BenchCommand.ids(Self.decodedTokens + 1, vocabulary: model.description.vocabularySize)
    _ = try model.logits(after: ids.prefix(1), state: fork)
    model.profile?.reset()
    let loops = model.loops
    let start = ContinuousClock.now
    for id in ids.dropFirst() { _ = try model.logits(after: [id], state: fork) }
    let decoded = Double(Self.decodedTokens) / ((ContinuousClock.now - start) / .seconds(1))
    let loopsPerToken = Double(model.loops - loops) / Double(Self.decodedTokens)
    let writing = WorkTimes(model, tokens: Self.decodedTokens)
    let together = try decodeTogether(model, pass.state, ids)
    defer { PeakMemory.reset() }  // so that the copies do not count for what is read next
    let operations = stride(from: 0, to: depth, by: 256).reduce(0.0) {
      $0 + model.operations(at: $1) * Double(min(256, depth - $1))
    }

    return BenchReport.Measurement(
      tokens: depth, prefillTokensPerSecond: Double(depth) / pass.seconds,
      lastBlockTokensPerSecond: pass.lastSpeed,
      decodeTokensPerSecond: decoded, decodeTogetherTokensPerSecond: together,
      operationsPerToken: operations / Double(depth),
      streamedBytesPerToken: model.streamedBytes(at: depth),
      stateBytes: pass.state.byteCount, peakRSSBytes: peak, prefillShare: nil, decodeShare: nil,
      loopsPerToken: loopsPerToken, reading: reading, writing: writing)
  }

  /// Answers that are written together.
  static let together = 8

  /// Tokens a second of eight answers together, from copies of one state.
  private func decodeTogether(_ model: LanguageModel, _ state: ReadingState, _ ids: [Int32]) throws
    -> Double
  {
    let forks = (0..<Self.together).map { _ in state.fork() }
    let steps = Self.decodedTokens / Self.together
    _ = try model.logits(afterEach: forks.map { (ids[0], $0) })
    let start = ContinuousClock.now
    for step in 1...steps {
      _ = try model.logits(afterEach: forks.enumerated().map { (ids[(step + $0) % ids.count], $1) })
    }

    return Double(steps * forks.count) / ((ContinuousClock.now - start) / .seconds(1))
  }

  /// The reading so far, and the time of each block.
  private struct Pass {
    let model: LanguageModel
    let state: ReadingState
    var blockSeconds: [Double] = []

    var seconds: Double { blockSeconds.reduce(0, +) }
    var lastSpeed: Double { Double(ReadingGrid.block) / (blockSeconds.last ?? .infinity) }

    mutating func read(to depth: Int) throws {
      while state.position < depth {
        let count = min(model.superblock * ReadingGrid.block, depth - state.position)
        let ids = (0..<count).map {
          Int32((state.position + $0) * 7919 % model.description.vocabularySize)
        }
        let start = ContinuousClock.now
        try model.read(ids, into: state)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        blockSeconds += blocks(of: count, seconds)
      }
    }

    /// The time of a call, dealt out to its blocks.
    private func blocks(of tokens: Int, _ seconds: Double) -> [Double] {
      stride(from: 0, to: tokens, by: ReadingGrid.block).map {
        seconds * Double(min(ReadingGrid.block, tokens - $0)) / Double(tokens)
      }
    }

    func lastAgainstFirst(_ stretch: Int) -> Double? {
      let blocks = stretch / ReadingGrid.block
      guard blockSeconds.count >= 2 * blocks else { return nil }
      return blockSeconds.prefix(blocks).reduce(0, +) / blockSeconds.suffix(blocks).reduce(0, +)
    }
  }
}

/// What `docproc model bench` prints.
struct BenchReport: Encodable {
  let model: String
  let architecture: String
  let parameters: Int
  let weightBytes: Int
  let isa: String
  let integerISA: String
  let blas: String
  let threads: Int
  let machine: Machine
  let measurements: [Measurement]
  /// Speed of the last 65,536 tokens of the pass against that of the first.
  let lastAgainstFirst: Double?

  enum CodingKeys: String, CodingKey {
    case model, architecture, parameters, isa, blas, threads, machine, measurements
    case weightBytes = "weight_bytes"
    case integerISA = "integer_isa"
    case lastAgainstFirst = "last_64k_against_first_64k"
  }

  /// What the cores and the memory can do, with all threads.
  struct Machine: Encodable {
    let integerOperationsPerSecond: Double
    let floatOperationsPerSecond: Double
    let memoryBytesPerSecond: Double

    enum CodingKeys: String, CodingKey {
      case integerOperationsPerSecond = "int8_operations_per_second"
      case floatOperationsPerSecond = "fp32_operations_per_second"
      case memoryBytesPerSecond = "memory_bytes_per_second"
    }

    init(_ throughput: Throughput) {
      integerOperationsPerSecond = throughput.integerOperations()
      floatOperationsPerSecond = throughput.floatOperations()
      memoryBytesPerSecond = throughput.memoryBandwidth()
    }

    private init(_ integer: Double, _ float: Double, _ memory: Double) {
      integerOperationsPerSecond = integer
      floatOperationsPerSecond = float
      memoryBytesPerSecond = memory
    }

    func best(_ other: Machine) -> Machine {
      Machine(
        max(integerOperationsPerSecond, other.integerOperationsPerSecond),
        max(floatOperationsPerSecond, other.floatOperationsPerSecond),
        max(memoryBytesPerSecond, other.memoryBytesPerSecond))
    }
  }

  struct Measurement: Encodable {
    let tokens: Int
    let prefillTokensPerSecond: Double
    let lastBlockTokensPerSecond: Double
    let decodeTokensPerSecond: Double
    /// All of eight answers together.
    let decodeTogetherTokensPerSecond: Double
    let operationsPerToken: Double
    let streamedBytesPerToken: Int
    let stateBytes: Int
    let peakRSSBytes: Int
    /// Of the int8 rate, where there is one; all operations of the pass counted once.
    let prefillShare: Double?
    /// Of the memory's bandwidth: weights and state streamed once a token.
    let decodeShare: Double?
    /// Of writing: at the end of each, all threads wait for the last.
    let loopsPerToken: Double
    let reading: WorkTimes?
    let writing: WorkTimes?

    enum CodingKeys: String, CodingKey {
      case tokens, reading, writing
      case loopsPerToken = "decode_loops_per_token"
      case prefillTokensPerSecond = "prefill_tokens_per_second"
      case lastBlockTokensPerSecond = "last_block_tokens_per_second"
      case decodeTokensPerSecond = "decode_tokens_per_second"
      case decodeTogetherTokensPerSecond = "decode_8_together_tokens_per_second"
      case operationsPerToken = "operations_per_token"
      case streamedBytesPerToken = "streamed_bytes_per_token"
      case stateBytes = "state_bytes"
      case peakRSSBytes = "peak_rss_bytes"
      case prefillShare = "prefill_share_of_int8_rate"
      case decodeShare = "decode_share_of_bandwidth"
    }

    func with(shareOf machine: Machine) -> Measurement {
      let rate = machine.integerOperationsPerSecond
      return Measurement(
        tokens: tokens, prefillTokensPerSecond: prefillTokensPerSecond,
        lastBlockTokensPerSecond: lastBlockTokensPerSecond,
        decodeTokensPerSecond: decodeTokensPerSecond,
        decodeTogetherTokensPerSecond: decodeTogetherTokensPerSecond,
        operationsPerToken: operationsPerToken,
        streamedBytesPerToken: streamedBytesPerToken, stateBytes: stateBytes,
        peakRSSBytes: peakRSSBytes,
        prefillShare: rate > 0 ? prefillTokensPerSecond * operationsPerToken / rate : nil,
        decodeShare: decodeTokensPerSecond * Double(streamedBytesPerToken)
          / machine.memoryBytesPerSecond,
        loopsPerToken: loopsPerToken, reading: reading, writing: writing)
    }
  }

  var text: String {
    func giga(_ value: Double) -> String { "\(Int(value / 1e9))" }
    var lines = [
      "\(architecture), \(parameters) parameters, \(weightBytes >> 20) MiB of weights; "
        + "\(threads) threads",
      "kernels \(isa), integer kernels \(integerISA), \(blas)",
      "this host: int8 \(giga(machine.integerOperationsPerSecond)) GOP/s, fp32 "
        + "\(giga(machine.floatOperationsPerSecond)) GFLOP/s, memory "
        + "\(giga(machine.memoryBytesPerSecond)) GB/s",
    ]
    for entry in measurements {
      lines.append(line(entry))
      for (name, times) in [("reading", entry.reading), ("writing", entry.writing)] {
        if let times { lines += times.lines(name) }
      }
    }
    if let ratio = lastAgainstFirst {
      lines.append(String(format: "last 65,536 tokens against the first: %.3f of the speed", ratio))
    }
    return lines.joined(separator: "\n")
  }

  private func line(_ entry: Measurement) -> String {
    let share = entry.prefillShare.map { String(format: " (%.2f of int8)", $0) } ?? ""
    let decode = entry.decodeShare.map { String(format: " (%.2f of memory)", $0) } ?? ""
    return
      "\(entry.tokens) tokens: prefill \(Int(entry.prefillTokensPerSecond)) tokens/s\(share), "
      + "last block \(Int(entry.lastBlockTokensPerSecond)), "
      + "decode \(Int(entry.decodeTokensPerSecond)) tokens/s\(decode), eight together "
      + "\(Int(entry.decodeTogetherTokensPerSecond)), state \(entry.stateBytes >> 20) MiB, "
      + "peak \(entry.peakRSSBytes >> 20) MiB, \(Int(entry.loopsPerToken)) loops a token written"
  }
}
