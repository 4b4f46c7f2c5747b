import Foundation
import Host
import TestSupport
import Testing

/// Model folders of others with a few bytes or values changed: every command ends by itself, within
/// its time and memory, and never with numbers that are none.
@Suite struct ModelFuzzTests {
  private static let seconds = 20
  private static let kibibytes = 4 << 20

  @Test func noInputEndsAProgramBySignalOrForEver() throws {
    let inputs = try ModelInputs()
    let faults = Fuzzing.faults { try Self.fault(of: $0, inputs) }
    #expect(faults == [], "DOCPROC_FUZZ_SEED=\(Fuzzing.seed)")
  }

  /// What is wrong with how a command ended; nil where it read the input or refused it in words.
  private static func fault(of number: Int, _ inputs: ModelInputs) throws -> String? {
    let directory = try TemporaryDirectory()
    var random = Fuzzing.random(for: number)
    let (path, what, isTokenizer) = try inputs.write(to: directory.path, &random)
    let command = Self.command(path, isTokenizer: isTokenizer, directory.path, &random)
    // A shell sets the limits, and nothing of the input goes through it.
    let limits = "ulimit -v \(kibibytes); ulimit -c 0; exec timeout -k 1 \(seconds) \"$@\""
    let result = try Command.run(
      "/bin/bash", ["-c", limits, "fuzz", Program.directory + "/docproc"] + command,
      environment: ["DOCPROC_HOME": directory.path, "DATABASE_URL": ""])
    let shown = "input \(number) (\(what)): \(command.prefix(2).joined(separator: " "))"
    let text = String(decoding: result.output, as: UTF8.self)
    switch result.status {
    case 0:
      let isNumber = !["null", "nan", "inf"].contains { text.lowercased().contains($0) }
      return command[1] != "logits" || isNumber ? nil : "\(shown) answered numbers that are none"
    case 1, 2: return result.error.isEmpty ? "\(shown) failed without a word" : nil
    case 124, 137: return "\(shown) did not end"
    default: return "\(shown) ended with \(result.status): \(result.error.suffix(300))"
    }
  }

  private static func command(
    _ path: String, isTokenizer: Bool, _ directory: String, _ random: inout SplitMix
  ) -> [String] {
    if isTokenizer {
      return ["model", "tokenize", path, Repository.fixture("tokenizers/small.txt"), "--count"]
    }
    switch random.bits() % 3 {
    case 0: return ["model", "inspect", path, "--dry", "--json"]
    case 1: return ["model", "logits", path, "--ids", "1,2,3", "--json", "--threads", "1"]
    default: return ["model", "quantize", path, directory + "/quantized", "--to", "int8"]
    }
  }
}
