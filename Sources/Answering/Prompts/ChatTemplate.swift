import Digests
import Foundation
import Tokenizer

/// A model's own chat template, taken apart into the pieces of a prompt: it is rendered with
/// sentinels in place of the texts, and again with others.
struct ChatTemplate {
  /// Private-use characters, which no template writes of itself.
  private struct Sentinels {
    let system: String
    let user: String

    static let all = [
      Sentinels(system: "\u{E000}system\u{E001}", user: "\u{E000}user\u{E001}"),
      Sentinels(system: "\u{E002}Alpha.\u{E003}", user: "\u{E002}Omega?\u{E003}"),
    ]
  }

  let text: String
  /// Special tokens by the names that templates use.
  let tokens: [String: String]
  let tokenizer: TextTokenizer

  /// How a conversation is given to a template.
  private struct Form {
    let hasSystem: Bool
    let isList: Bool

    static let all = [
      Form(hasSystem: true, isList: false), Form(hasSystem: true, isList: true),
      Form(hasSystem: false, isList: false), Form(hasSystem: false, isList: true),
    ]
  }

  /// Whether a template is told to think: not told, to, and not to.
  private static let ways: [Bool?] = [nil, true, false]

  /// The turns of a prompt, and those without thinking where the template can switch it off.
  /// - Throws: `PromptError.unusableTemplate`
  func prompt() throws -> ModelPrompt {
    let rendered = try TemplateRenderer.render(text, tokens: tokens, Form.all.flatMap(Self.cases))
    let perForm = rendered.count / Form.all.count
    var failure = ""
    for (number, form) in Form.all.enumerated() {
      do {
        return try prompt(Array(rendered[number * perForm..<(number + 1) * perForm]), form)
      } catch PromptError.unusableTemplate(let reason) {
        // Of all failures the one that has nothing to do with system turns and lists.
        if !form.hasSystem, !form.isList { failure = reason }
      }
    }
    throw PromptError.unusableTemplate(failure)
  }

  private static func cases(_ form: Form) -> [TemplateRenderer.Case] {
    ways.flatMap { thinks in
      Sentinels.all.map {
        TemplateRenderer.Case(
          system: form.hasSystem ? $0.system : nil, user: $0.user, isList: form.isList,
          thinks: thinks)
      }
    }
  }

  private func prompt(_ rendered: [TemplateRenderer.Rendered], _ form: Form) throws -> ModelPrompt {
    let turns = try Self.ways.indices.map { way in
      try agreed(Array(rendered[2 * way..<2 * way + 2]), hasSystem: form.hasSystem)
    }
    return made(
      usual: turns[0], thinking: turns[1], silent: turns[2], hasSystem: form.hasSystem)
  }

  private func made(
    usual: ModelPrompt.Turns, thinking: ModelPrompt.Turns, silent: ModelPrompt.Turns,
    hasSystem: Bool
  ) -> ModelPrompt {
    // Told to think and told not to are the same where the template does not ask.
    let canSwitch = thinking != silent
    let turns = canSwitch ? thinking : usual
    let tags = thinkTags(turns)
    return ModelPrompt(
      source: "chat template", templateSHA256: SHA256.hex(of: text), turns: turns,
      hasSystemTurn: hasSystem, withoutThinking: canSwitch ? silent : nil, thinking: tags,
      stop: [turnEnd(turns)].compactMap(\.self))
  }

  /// The pieces that both pairs of sentinels agree on.
  private func agreed(_ rendered: [TemplateRenderer.Rendered], hasSystem: Bool) throws
    -> ModelPrompt.Turns
  {
    let turns = try zip(rendered, Sentinels.all).map { rendered, sentinels in
      guard let text = rendered.text else {
        throw PromptError.unusableTemplate(rendered.error ?? "it gives nothing")
      }
      return try parted(text, sentinels, hasSystem: hasSystem)
    }
    guard turns[0] == turns[1] else {
      throw PromptError.unusableTemplate("what it writes depends on the texts")
    }
    return turns[0]
  }

  private func parted(_ text: String, _ sentinels: Sentinels, hasSystem: Bool) throws
    -> ModelPrompt.Turns
  {
    let aroundUser = text.components(separatedBy: sentinels.user)
    guard aroundUser.count == 2 else {
      throw PromptError.unusableTemplate(
        "the user's text stands in it \(aroundUser.count - 1) times")
    }
    let aroundSystem = aroundUser[0].components(separatedBy: sentinels.system)
    guard aroundSystem.count == (hasSystem ? 2 : 1), !aroundUser[1].contains(sentinels.system)
    else {
      throw PromptError.unusableTemplate("the system's text does not stand once before the user's")
    }
    return ModelPrompt.Turns(
      beforeSystem: hasSystem ? pieces(aroundSystem[0]) : [],
      beforeUser: pieces(aroundSystem[aroundSystem.count - 1]),
      beforeAnswer: pieces(aroundUser[1]))
  }

  /// Control tokens by their names, and the text between them.
  private func pieces(_ text: String) -> [ModelPrompt.Piece] {
    tokenizer.parted(text).map { part in
      part.isToken ? .token(part.text) : .text(part.text)
    }
  }

  /// The first token after the user's text ends a turn: the model's own too.
  private func turnEnd(_ turns: ModelPrompt.Turns) -> String? {
    guard case .token(let name) = turns.beforeAnswer.first else { return nil }
    return name
  }

  private static let tags = [("<think>", "</think>"), ("<mm:think>", "</mm:think>")]

  /// Tags that the template or the vocabulary knows.
  private func thinkTags(_ turns: ModelPrompt.Turns) -> ModelPrompt.Thinking? {
    for (open, close) in Self.tags
    where text.contains(close) || tokenizer.controlToken(close) != nil {
      return .init(open: open, close: close, isOpened: Self.ends(turns.beforeAnswer, with: open))
    }
    return nil
  }

  private static func ends(_ pieces: [ModelPrompt.Piece], with tag: String) -> Bool {
    pieces.shown.trimmingCharacters(in: .whitespacesAndNewlines).hasSuffix(tag)
  }
}
