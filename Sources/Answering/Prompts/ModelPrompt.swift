package import Constraints
import Foundation
import Host
import Tokenizer

/// How a model was made to be spoken to: the `prompt.json` of its folder.
package struct ModelPrompt: Sendable, Codable, Equatable {
  package static let file = "prompt.json"
  static let newestFormat = 1

  /// A stretch of a prompt: a control token by its name, or text.
  package enum Piece: Sendable, Codable, Equatable {
    case token(String)
    case text(String)
  }

  /// What stands around the texts of a system turn and a user turn, up to where the answer begins.
  package struct Turns: Sendable, Codable, Equatable {
    package var beforeSystem: [Piece]
    package var beforeUser: [Piece]
    package var beforeAnswer: [Piece]

    enum CodingKeys: String, CodingKey {
      case beforeSystem = "before_system"
      case beforeUser = "before_user"
      case beforeAnswer = "before_answer"
    }
  }

  /// How a model sets its thoughts apart from its answer.
  package struct Thinking: Sendable, Codable, Equatable {
    package var open: String
    package var close: String
    /// True where the prompt ends with the opening tag, which the model does not write then.
    package var isOpened: Bool

    enum CodingKeys: String, CodingKey {
      case open, close
      case isOpened = "is_opened"
    }
  }

  /// As the model's authors sample.
  package struct Sampling: Sendable, Codable, Equatable {
    package var temperature: Double?
    package var topP: Double?
    package var topK: Int?

    enum CodingKeys: String, CodingKey {
      case temperature
      case topP = "top_p"
      case topK = "top_k"
    }
  }

  package var format = newestFormat
  /// `chat template`, `family NAME`, or `none` for a model without either.
  package var source: String
  /// Of the chat template.
  package var templateSHA256: String?
  package var turns: Turns
  /// False where the system text has no turn of its own, and begins the user's.
  package var hasSystemTurn = true
  /// The same without thinking, where it can be switched off.
  package var withoutThinking: Turns?
  package var thinking: Thinking?
  /// How it writes that it calls a tool; nil: an object of JSON within tags.
  package var toolStyle: ToolStyle?
  /// Names of tokens that end an answer.
  package var stop: [String]
  package var sampling: Sampling?

  enum CodingKeys: String, CodingKey {
    case format, source, turns, thinking, stop, sampling
    case templateSHA256 = "template_sha256"
    case hasSystemTurn = "has_system_turn"
    case toolStyle = "tool_style"
    case withoutThinking = "without_thinking"
  }

  package init(
    source: String, templateSHA256: String? = nil, turns: Turns, hasSystemTurn: Bool = true,
    withoutThinking: Turns? = nil, thinking: Thinking? = nil, stop: [String],
    sampling: Sampling? = nil
  ) {
    self.source = source
    self.templateSHA256 = templateSHA256
    self.turns = turns
    self.hasSystemTurn = hasSystemTurn
    self.withoutThinking = withoutThinking
    self.thinking = thinking
    self.stop = stop
    self.sampling = sampling
  }

  /// The prompt of a model's folder, or beside its GGUF file; nil where there is none.
  /// - Throws: `PromptError.malformed`
  package static func of(_ folder: String) throws -> ModelPrompt? {
    let path = DataHome.file(file, ofModel: folder)
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    do {
      let prompt = try JSONDecoder().decode(ModelPrompt.self, from: data)
      guard prompt.format <= newestFormat else {
        throw PromptError.malformed(
          path: path, reason: "its format is \(prompt.format); this program knows \(newestFormat)")
      }
      // An empty tag stands everywhere: every answer would be a thought.
      if let thinking = prompt.thinking, thinking.open.isEmpty || thinking.close.isEmpty {
        throw PromptError.malformed(path: path, reason: "thinking.open or thinking.close is empty")
      }
      return prompt
    } catch let error as DecodingError {
      throw PromptError.malformed(path: path, reason: Self.reason(error))
    }
  }

  private static func reason(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, _): "it has no \(key.stringValue)"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is of another kind"
    case .dataCorrupted(let context): context.debugDescription
    @unknown default: "it cannot be read"
    }
  }

  /// The same after the tokens that a tokenizer puts before every text.
  func beginning(_ tokenizer: TextTokenizer) -> ModelPrompt {
    let pieces = tokenizer.beginning.compactMap(tokenizer.controlName).map(Piece.token)
    var prompt = self
    prompt.turns.beforeSystem.insert(contentsOf: pieces, at: 0)
    prompt.withoutThinking?.beforeSystem.insert(contentsOf: pieces, at: 0)
    return prompt
  }

  /// Writes it into a model's folder.
  package func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: URL(fileURLWithPath: folder + "/" + Self.file))
  }

  /// As text, with the names of control tokens, for people.
  package func shown(_ turns: Turns) -> String {
    let parts = [
      turns.beforeSystem.shown, hasSystemTurn ? "{system}" : "", turns.beforeUser.shown, "{user}",
      turns.beforeAnswer.shown,
    ]
    return parts.joined()
  }
}

extension [ModelPrompt.Piece] {
  /// As text, with the names of control tokens.
  var shown: String {
    map {
      switch $0 {
      case .token(let name), .text(let name): name
      }
    }.joined()
  }
}

/// Why a model cannot be spoken to.
package enum PromptError: Error, Equatable, CustomStringConvertible {
  case malformed(path: String, reason: String)
  /// A prompt names a token that the tokenizer does not have.
  case unknownToken(String)
  /// The vocabulary has no tokens for plain words.
  case unwritable(String)
  /// A chat template that gives no usable prompt.
  case unusableTemplate(String)
  /// No thinking is wanted of a model that cannot be told so.
  case alwaysThinks

  package var description: String {
    switch self {
    case .malformed(let path, let reason): "\(path) cannot be used: \(reason)"
    case .unknownToken(let name):
      "the model's prompt.json names the token \(name), which its tokenizer does not have"
    case .alwaysThinks:
      "this model cannot be told not to think: give --think-tokens 1 or more, or leave it out"
    case .unwritable(let text): "the model's tokenizer has no tokens for '\(text)'"
    case .unusableTemplate(let reason): "the chat template gives no prompt: \(reason)"
    }
  }
}

extension ModelPrompt.Piece {
  enum CodingKeys: String, CodingKey { case token, text }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let name = try container.decodeIfPresent(String.self, forKey: .token) {
      self = .token(name)
    } else {
      self = .text(try container.decode(String.self, forKey: .text))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .token(let name): try container.encode(name, forKey: .token)
    case .text(let text): try container.encode(text, forKey: .text)
    }
  }
}
