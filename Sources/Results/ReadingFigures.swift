/// What one reading took.
package struct ReadingFigures: Sendable, Codable, Equatable {
  /// 0 where only passages were looked at.
  package var passes = 1
  /// `general`, or `focused` on a question that stood before the document.
  package var focus: String?
  package var tokensRead = 0
  package var seconds = 0.0
  package var tokensPerSecond = 0.0
  /// Over the first and the last stretch of the document.
  package var firstTokensPerSecond = 0.0
  package var lastTokensPerSecond = 0.0
  package var peakRSSBytes = 0
  package var stateBytes = 0
  package var answerSeconds = 0.0
  package var generatedTokens = 0
  /// True where an answer had as many tokens as it may have; nil else.
  package var isCut: Bool?
  /// Of those under a schema: nothing else could stand there, so the model was not asked; nil for
  /// none.
  package var forcedTokens: Int?
  /// Of those that are thoughts, and what they were drawn by; nil where nothing was thought.
  package var reasoningTokens: Int?
  package var seed: UInt64?
  package var checkpoints = 0
  /// That this worker's reading stood still for checkpoints.
  package var checkpointSeconds: Double?
  package var resumedFrom: Int?
  /// Tokens that were not read anew, since a reading of them was kept; nil for none.
  package var reusedTokens: Int?
  /// True where this reading was kept for later questions.
  package var kept: Bool?
  /// Where the model was run otherwise than its authors published it.
  package var notes: [String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case passes, focus, seconds, checkpoints, notes, seed, kept
    case isCut = "cut"
    case reusedTokens = "reused_tokens"
    case forcedTokens = "forced_tokens"
    case reasoningTokens = "reasoning_tokens"
    case tokensRead = "tokens_read"
    case tokensPerSecond = "tokens_per_second"
    case firstTokensPerSecond = "first_tokens_per_second"
    case lastTokensPerSecond = "last_tokens_per_second"
    case peakRSSBytes = "peak_rss_bytes"
    case stateBytes = "state_bytes"
    case answerSeconds = "answer_seconds"
    case generatedTokens = "generated_tokens"
    case checkpointSeconds = "checkpoint_seconds"
    case resumedFrom = "resumed_from"
  }

  /// `resumed_from` stays visible as null, as scripts expect the key.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(passes, forKey: .passes)
    try container.encodeIfPresent(focus, forKey: .focus)
    try container.encode(tokensRead, forKey: .tokensRead)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(tokensPerSecond, forKey: .tokensPerSecond)
    try container.encode(firstTokensPerSecond, forKey: .firstTokensPerSecond)
    try container.encode(lastTokensPerSecond, forKey: .lastTokensPerSecond)
    try container.encode(peakRSSBytes, forKey: .peakRSSBytes)
    try container.encode(stateBytes, forKey: .stateBytes)
    try container.encode(answerSeconds, forKey: .answerSeconds)
    try container.encode(generatedTokens, forKey: .generatedTokens)
    try container.encodeIfPresent(isCut, forKey: .isCut)
    try container.encodeIfPresent(forcedTokens, forKey: .forcedTokens)
    try container.encodeIfPresent(reasoningTokens, forKey: .reasoningTokens)
    try container.encodeIfPresent(seed, forKey: .seed)
    try container.encode(checkpoints, forKey: .checkpoints)
    try container.encodeIfPresent(checkpointSeconds, forKey: .checkpointSeconds)
    try container.encode(resumedFrom, forKey: .resumedFrom)
    try container.encodeIfPresent(reusedTokens, forKey: .reusedTokens)
    try container.encodeIfPresent(kept, forKey: .kept)
    try container.encodeIfPresent(notes, forKey: .notes)
  }
}
