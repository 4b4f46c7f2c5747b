import CLLGuidance
package import Schemas
package import Tokenizer

/// A model's vocabulary as llguidance knows it. For one thread at a time.
package final class GrammarEngine {
  /// What an ordinary schema never needs, so that none holds up a worker for long.
  private static let limits = (lexerFuel: UInt64(5_000_000), grammarSize: 200_000)
  private static let messageBytes = 4096
  /// Stands before the names of control tokens, which are no text.
  private static let controlMark: UInt8 = 0xFF

  private let handle: OpaquePointer
  private let encoding: Encoding
  /// Of each token of the vocabulary.
  let bytes: [[UInt8]]
  /// The token that ends a text of JSON, and those by which a model ends one elsewhere.
  private let quote: Int?
  private let ends: [Int]

  /// What llguidance calls back with.
  private final class Encoding {
    let tokenizer: TextTokenizer?
    init(_ tokenizer: TextTokenizer?) { self.tokenizer = tokenizer }

    func encode(_ bytes: UnsafeBufferPointer<UInt8>) -> [Int32] {
      guard let tokenizer else { return bytes.map(Int32.init) }
      let parts = tokenizer.parted(String(decoding: bytes, as: UTF8.self))
      return parts.flatMap { part in
        // Tags such as `<tool_call>` are tokens of their own in some vocabularies; what ends an
        // answer never stands in a text.
        if part.isToken, let id = tokenizer.controlToken(part.text), !tokenizer.isSpecial(id) {
          return [id]
        }
        return tokenizer.encode(part.text, .afterText)
      }
    }
  }

  /// - Parameters:
  ///   - count: of the logits that the model gives.
  ///   - end: the token that ends an answer.
  /// - Throws: `GrammarError`
  package convenience init(_ tokenizer: TextTokenizer, count: Int, end: Int32) throws {
    let bytes = (0..<Int32(count)).map { id in
      tokenizer.isSpecial(id) || id == end
        ? [Self.controlMark] + tokenizer.bytes(of: id) : tokenizer.bytes(of: id)
    }
    try self.init(bytes, end: end, Encoding(tokenizer))
  }

  /// Of bytes alone: it tells whether a grammar can be used, for all vocabularies.
  /// - Throws: `GrammarError`
  package convenience init() throws {
    let bytes = (0..<256).map { [UInt8($0)] } + [Array("\u{0}<end>".utf8)]
    try self.init(bytes, end: 256, Encoding(nil))
  }

  private init(_ bytes: [[UInt8]], end: Int32, _ encoding: Encoding) throws {
    try GuidanceLibrary.load()
    self.encoding = encoding
    self.bytes = bytes
    quote = bytes.firstIndex(of: [UInt8(ascii: "\"")])
    ends = bytes.indices.filter { $0 == end || bytes[$0].first == UInt8(ascii: "\n") }
    let tokenize: LLGTokenize = { context, bytes, count, tokens, length in
      guard let context, let bytes else { return 0 }
      let encoding = Unmanaged<Encoding>.fromOpaque(context).takeUnretainedValue()
      let ids = encoding.encode(UnsafeBufferPointer(start: bytes, count: count))
      if let tokens {
        for (place, id) in ids.prefix(length).enumerated() { tokens[place] = UInt32(id) }
      }
      return ids.count
    }
    var message = [CChar](repeating: 0, count: Self.messageBytes)
    let made = llguidance_tokenizer(
      UInt32(bytes.count), UInt32(end), bytes.map { UInt32($0.count) }, Array(bytes.joined()),
      tokenize, Unmanaged.passUnretained(encoding).toOpaque(), &message, message.count)
    guard let made else { throw GrammarError.failed(Self.text(message)) }
    handle = made
  }

  deinit { llguidance_free_tokenizer(handle) }

  func tokens(of text: [UInt8]) -> [Int32] { text.withUnsafeBufferPointer(encoding.encode) }

  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A grammar that is to be followed.
  package enum Grammar: Sendable, Equatable {
    case json(JSONSchema)
    /// In llguidance's variant of Lark's syntax.
    case lark(String)

    fileprivate var kind: String {
      switch self {
      case .json: "json"
      case .lark: "lark"
      }
    }

    fileprivate var text: String {
      switch self {
      case .json(let schema): GrammarEngine.told(schema).text
      case .lark(let text): text
      }
    }
  }

  private var setup: LLGSetup {
    var setup = llguidance_setup(handle)
    setup.limits.initial_lexer_fuel = Self.limits.lexerFuel
    setup.limits.max_grammar_size = Self.limits.grammarSize
    setup.limits.verbose_errors = false
    return setup
  }

  /// A model that would end its answer, or the line, is taken to end the text: small ones know no
  /// JSON, and else go on with whatever comes to them.
  func endTexts(_ logits: inout [Float]) {
    guard let quote, quote < logits.count else { return }
    for id in ends where id < logits.count { logits[quote] = max(logits[quote], logits[id]) }
  }

  /// Compiles a grammar without keeping it.
  /// - Throws: `GrammarError.refused`
  package func check(_ grammar: Grammar) throws {
    var setup = setup
    var message = [CChar](repeating: 0, count: Self.messageBytes)
    let said = llguidance_check(&setup, grammar.kind, grammar.text, &message, message.count)
    if said < 0 { throw Self.refusal(Self.text(message), grammar) }
  }

  /// - Throws: `GrammarError.refused`
  package func constraint(_ grammar: Grammar) throws -> OutputConstraint {
    var setup = setup
    guard let matcher = llguidance_matcher(&setup, grammar.kind, grammar.text) else {
      throw GrammarError.failed("no memory")
    }
    if let error = llguidance_error(matcher) {
      defer { llguidance_free_matcher(matcher) }
      throw Self.refusal(String(cString: error), grammar)
    }
    return OutputConstraint(matcher, self)
  }

  /// Names the place of a keyword that the library does not have.
  private static func refusal(_ message: String, _ grammar: Grammar) -> GrammarError {
    guard case .json(let schema) = grammar,
      let match = message.firstMatch(of: #/Unimplemented keys: \["([^"]+)"/#),
      let place = schema.place(ofKeyword: String(match.1))
    else { return .refused(plain(message)) }
    let spot = place.parts.isEmpty ? "at the top" : "at #\(place)"
    return .refused("'\(match.1)' \(spot) is not taken")
  }

  /// The first line, and what is wrong with a regular expression: all else is of use to those who
  /// write the library.
  private static func plain(_ message: String) -> String {
    let lines = message.split(separator: "\n").map(String.init)
    let reason = lines.dropFirst().first { $0.hasPrefix("error:") }
    return String([lines.first, reason].compactMap(\.self).joined(separator: " ").prefix(500))
  }
}
