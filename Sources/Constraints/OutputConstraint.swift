import CLLGuidance

/// Says what may stand next in an answer, token by token. For one thread at a time.
package final class OutputConstraint {
  /// Forced tokens that are looked for at once.
  private static let mostForced = 512

  private let matcher: OpaquePointer
  private let engine: GrammarEngine
  private var mask: [UInt32]
  /// Seconds that each token's mask took.
  package private(set) var maskSeconds: [Double] = []

  init(_ matcher: OpaquePointer, _ engine: GrammarEngine) {
    self.matcher = matcher
    self.engine = engine
    mask = [UInt32](repeating: 0, count: llguidance_mask_bytes(matcher) / 4)
  }

  deinit { llguidance_free_matcher(matcher) }

  /// The same place in the same grammar, for another answer.
  package func clone() throws -> OutputConstraint {
    guard let copy = llguidance_clone(matcher) else { throw GrammarError.failed("no memory") }
    return OutputConstraint(copy, engine)
  }

  /// Of the whole vocabulary; none for tokens that are no text.
  package var tokenBytes: [[UInt8]] { engine.bytes }

  /// True where the answer may end here.
  package var accepts: Bool { llguidance_accepts(matcher) }
  /// True where nothing more may stand.
  package var isStopped: Bool { llguidance_is_stopped(matcher) }

  private var error: GrammarError {
    .failed(llguidance_error(matcher).map { String(cString: $0) } ?? "no reason is told")
  }

  /// Tokens that must come next: the model need not be asked for them. They are taken as said.
  /// - Throws: `GrammarError.failed`
  package func forced() throws -> [Int32] {
    var tokens = [UInt32](repeating: 0, count: Self.mostForced)
    let count = llguidance_forced(matcher, &tokens, tokens.count)
    guard count >= 0 else { throw error }
    let forced = Array(tokens.prefix(Int(count)))
    if !forced.isEmpty, llguidance_consume(matcher, forced, forced.count) != 0 { throw error }
    return forced.map(Int32.init(bitPattern:))
  }

  /// Takes a text that is known, where it may stand.
  /// - Returns: its tokens; nil where it may not, and then nothing is taken.
  /// - Throws: `GrammarError.failed`
  package func take(text: [UInt8]) throws -> [Int32]? {
    let tokens = engine.tokens(of: text)
    let trial = try clone()
    for token in tokens {
      var next = UInt32(bitPattern: token)
      if llguidance_consume(trial.matcher, &next, 1) != 0 { return nil }
    }
    for token in tokens { try take(token) }
    return tokens
  }

  /// Takes away what may not stand next.
  /// - Parameters:
  ///   - logits: one a token.
  ///   - closing: bytes one of which is to come next if any may.
  ///   - isInText: true within a text of JSON, which the model may wish to end in other ways.
  /// - Throws: `GrammarError.failed`
  package func restrict(
    _ logits: inout [Float], closing: [UInt8] = [], isInText: Bool = false
  ) throws {
    let start = ContinuousClock.now
    guard llguidance_mask(matcher, &mask, mask.count * 4) == 0 else { throw error }
    maskSeconds.append((ContinuousClock.now - start) / .seconds(1))
    if !closing.isEmpty { close(closing) }
    if isInText { engine.endTexts(&logits) }
    for id in logits.indices where !isAllowed(id) { logits[id] = -.infinity }
  }

  private func isAllowed(_ id: Int) -> Bool {
    id >> 5 < mask.count && mask[id >> 5] & (1 << UInt32(id & 31)) != 0
  }

  /// What ends something in JSON and begins nothing.
  private static let ends = Array("\"]}".utf8)

  /// Leaves in the mask what begins with one of the bytes and ends more at most, if anything does;
  /// else what begins with one of them.
  private func close(_ closing: [UInt8]) {
    for isPure in [true, false] {
      var closed = [UInt32](repeating: 0, count: mask.count)
      for (id, bytes) in engine.bytes.enumerated() where isAllowed(id) {
        guard let first = bytes.first, closing.contains(first),
          !isPure || bytes.dropFirst().allSatisfy(Self.ends.contains)
        else { continue }
        closed[id >> 5] |= 1 << UInt32(id & 31)
      }
      if closed.contains(where: { $0 != 0 }) {
        mask = closed
        return
      }
    }
  }

  /// - Throws: `GrammarError.failed` where it may not stand here.
  package func take(_ token: Int32) throws {
    var token = UInt32(bitPattern: token)
    guard llguidance_consume(matcher, &token, 1) == 0 else { throw error }
  }
}
