import Reading

/// Something that can be measured of a reader.
public protocol EvaluationSuite {
  /// What its result depends on besides model and data: goes into the log's name.
  var parameters: String { get }
  /// Data sets that it reads.
  var files: [String] { get }
  /// Means that are shown divided by each other.
  var ratios: [(name: String, of: String, to: String)] { get }
  /// Measures what the log does not have yet. Deterministic.
  /// - Throws: `EvaluationError`, `ReadingError`, `ModelError`
  func run(_ reader: ModelReader, _ data: EvaluationData, _ log: EvaluationLog) throws
}

extension EvaluationSuite {
  public var files: [String] { [] }
  public var ratios: [(name: String, of: String, to: String)] { [] }
}

/// SplitMix64: the same choices on every host for the same seed.
struct Choices: RandomNumberGenerator {
  private var state: UInt64
  init(seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension Answer {
  /// Refusal, confidence, match and text of each candidate.
  var candidateTexts: [String: String] {
    let lines = candidates.map { "\($0.refusal) \($0.confidence) \($0.match) \($0.text)" }
    return Dictionary(uniqueKeysWithValues: lines.enumerated().map { ("candidate_\($0)", $1) })
  }
}
