import CPCRE2

/// Splits text into the pieces within which BPE merges, with PCRE2's JIT.
final class PreTokenizer {
  /// GPT-2's pattern, which ByteLevel uses unless told otherwise.
  static let gpt2Pattern =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  private let steps: [(pattern: CompiledPattern, kept: TokenizerFile.Split.Kept)]

  /// Why a text could not be split; nil while all could.
  var failure: Int32? { steps.lazy.compactMap(\.pattern.failure).first }

  init(_ splits: [TokenizerFile.Split]) throws {
    steps = try splits.map { (try CompiledPattern($0.pattern), $0.kept) }
  }

  /// Calls `body` with each piece of `text`, which is valid UTF-8.
  func forEachPiece(
    _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    split(text, step: 0, body)
  }

  private func split(
    _ text: UnsafeBufferPointer<UInt8>, step: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    guard !text.isEmpty else { return }
    guard step < steps.count else { return body(text) }

    let (pattern, kept) = steps[step]
    var end = 0
    while let match = pattern.firstMatch(in: text, from: end) {
      if kept != .matches, match.lowerBound > end {
        split(UnsafeBufferPointer(rebasing: text[end..<match.lowerBound]), step: step + 1, body)
      }
      if kept != .gaps { split(UnsafeBufferPointer(rebasing: text[match]), step: step + 1, body) }
      end = match.upperBound
    }

    if kept != .matches { split(UnsafeBufferPointer(rebasing: text[end...]), step: step + 1, body) }
  }
}

/// A compiled PCRE2 pattern with its match data: for one thread at a time.
final class CompiledPattern {
  private let code: OpaquePointer
  private let matchData: OpaquePointer
  private let jit: Bool
  /// For matches that need more than the small stack that PCRE2 takes of itself.
  private let context: OpaquePointer?
  private let stack: OpaquePointer?
  private static let stackBytes = (least: 32 << 10, most: 16 << 20)
  private static let mostTries: UInt32 = 50_000_000
  private static let mostHeap: UInt32 = 2 << 20  // in KiB
  /// PCRE2's error that ended a match: what follows it in that text was not split.
  private(set) var failure: Int32?

  /// - Throws: `TokenizerError.badPattern`.
  init(_ pattern: String) throws {
    guard !PatternTranslation.callsItself(pattern) else {
      throw TokenizerError.badPattern(pattern: pattern, reason: "it calls itself")
    }
    let translated = Array(PatternTranslation.forPCRE2(pattern).utf8)
    var error: Int32 = 0
    var offset = 0
    guard
      let code = pcre2_compile_8(
        translated, translated.count,
        UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C), &error, &offset,
        nil),
      let matchData = pcre2_match_data_create_from_pattern_8(code, nil)
    else {
      var message = [UInt8](repeating: 0, count: 256)
      pcre2_get_error_message_8(error, &message, message.count)
      throw TokenizerError.badPattern(
        pattern: pattern, reason: String(decoding: message.prefix { $0 != 0 }, as: UTF8.self))
    }
    self.code = code
    self.matchData = matchData
    jit = pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE)) == 0
    context = pcre2_match_context_create_8(nil)
    stack = pcre2_jit_stack_create_8(Self.stackBytes.least, Self.stackBytes.most, nil)
    // A text of any length is split; a pattern that tries every way to match one piece is not
    // followed for hours.
    pcre2_set_match_limit_8(context, Self.mostTries)
    pcre2_set_depth_limit_8(context, .max)
    pcre2_set_heap_limit_8(context, Self.mostHeap)
    if let context, let stack {
      pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack))
    }
  }

  deinit {
    pcre2_jit_stack_free_8(stack)
    pcre2_match_context_free_8(context)
    pcre2_match_data_free_8(matchData)
    pcre2_code_free_8(code)
  }

  /// The first match that is not empty, at or after `start`.
  func firstMatch(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Range<Int>? {
    guard start < text.count else { return nil }

    let options = UInt32(PCRE2_NOTEMPTY)
    var count =
      jit
      ? pcre2_jit_match_8(code, text.baseAddress, text.count, start, options, matchData, context)
      : PCRE2_ERROR_JIT_STACKLIMIT
    if count == PCRE2_ERROR_JIT_STACKLIMIT {
      // Without JIT the heap is the limit.
      count = pcre2_match_8(
        code, text.baseAddress, text.count, start,
        options | UInt32(PCRE2_NO_UTF_CHECK) | UInt32(PCRE2_NO_JIT), matchData, context)
    }
    if count <= 0, count != PCRE2_ERROR_NOMATCH { failure = count }
    guard count > 0, let vector = pcre2_get_ovector_pointer_8(matchData), vector[0] < vector[1]
    else { return nil }

    return vector[0]..<vector[1]
  }
}
