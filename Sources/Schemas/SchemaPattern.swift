import CPCRE2

/// A `pattern` of a schema: ECMA-262, as PCRE2 reads it.
final class SchemaPattern {
  private static let mostTries: UInt32 = 1_000_000

  private let code: OpaquePointer
  private let matchData: OpaquePointer
  private let context: OpaquePointer?

  /// - Throws: `SchemaError` where it is no pattern.
  init(_ pattern: String, at place: JSONPointer) throws {
    let bytes = Array(Self.translated(pattern).utf8)
    var error: Int32 = 0
    var offset = 0
    let options =
      UInt32(PCRE2_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C) | UInt32(PCRE2_ALT_BSUX)
      | UInt32(PCRE2_DOLLAR_ENDONLY) | UInt32(PCRE2_MATCH_UNSET_BACKREF)
    guard
      let code = pcre2_compile_8(bytes, bytes.count, options, &error, &offset, nil),
      let matchData = pcre2_match_data_create_from_pattern_8(code, nil)
    else {
      var message = [UInt8](repeating: 0, count: 256)
      pcre2_get_error_message_8(error, &message, message.count)
      throw SchemaError(
        place, "pattern",
        "is no regular expression: "
          + String(decoding: message.prefix { $0 != 0 }, as: UTF8.self))
    }
    self.code = code
    self.matchData = matchData
    context = pcre2_match_context_create_8(nil)
    pcre2_set_match_limit_8(context, Self.mostTries)
  }

  deinit {
    pcre2_match_context_free_8(context)
    pcre2_match_data_free_8(matchData)
    pcre2_code_free_8(code)
  }

  /// What ECMA-262 writes otherwise than PCRE2: `[^]` and an empty class.
  private static func translated(_ pattern: String) -> String {
    pattern.replacing("[^]", with: "[\\s\\S]").replacing("[]", with: "(?!)")
  }

  /// True where the text has a match; nil where finding one takes too much.
  func matches(_ text: String) -> Bool? {
    var text = text
    let count = text.withUTF8 {
      pcre2_match_8(code, $0.baseAddress, $0.count, 0, 0, matchData, context)
    }
    return count >= 0 ? true : count == PCRE2_ERROR_NOMATCH ? false : nil
  }
}
