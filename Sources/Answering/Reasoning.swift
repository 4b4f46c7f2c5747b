import Foundation
import Inference
import Reading
import Tokenizer

/// What a model thinks before it answers, apart from the answer.
struct Reasoning {
  /// Published models that cannot be told not to think get so many tokens for it.
  static let usualTokens = 1024
  /// Of those, for each of a summary's parts.
  static let synopsisTokens = 128

  let tags: ModelPrompt.Thinking
  /// Tokens, at most; then the closing tag is written for the model.
  let budget: Int
  let sampling: SamplingOptions

  struct Thought {
    let text: String
    let ids: [Int32]
    /// From where the answer begins.
    let beginning: AnswerGenerator.Beginning
  }
}

extension AnswerGenerator {
  /// Lets the model think, up to the closing tag. A tag may be one token or text, and the prompt
  /// may have opened it. Where the model does not open it, it has answered: nothing is thought.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func think(
    from beginning: Beginning, _ thinking: Reasoning, _ format: PromptFormat,
    progress: WritingProgress
  ) throws -> Reasoning.Thought {
    let state = beginning.state.fork()
    var sampler = Sampler(thinking.sampling)
    var logits = beginning.logits
    var ids: [Int32] = []
    while ids.count < thinking.budget {
      try progress.control.checkStop()
      let token = sampler.next(logits)
      if ends(token), !spelled([token]).contains(thinking.tags.close) { break }
      ids.append(token)
      logits = try model.logits(after: [token], state: state)
      if ids.count % Self.reportTokens == 0 {
        progress.control.writing(progress.before + ids.count, nil)
      }
      // A tag has no more tokens than bytes.
      let end = spelled(Array(ids.suffix(thinking.tags.close.utf8.count + 1)))
      if end.contains(thinking.tags.close) {
        return thought(ids, thinking, Beginning(state: state, logits: logits))
      }
      if ids.count <= Self.openingTokens, !Self.mayThink(spelled(ids), thinking.tags) {
        return Reasoning.Thought(text: "", ids: [], beginning: beginning)
      }
    }

    let closing = format.control("\n\(thinking.tags.close)\n\n")
    logits = try model.logits(after: closing, state: state)
    return thought(ids + closing, thinking, Beginning(state: state, logits: logits))
  }

  /// Tokens within which a model opens its thoughts, if it does.
  private static let openingTokens = 16

  /// False once a model that should open its thoughts has written something else.
  private static func mayThink(_ text: String, _ tags: ModelPrompt.Thinking) -> Bool {
    if tags.isOpened { return true }
    let text = text.drop(while: \.isWhitespace)
    return text.hasPrefix(tags.open) || tags.open.hasPrefix(text)
  }

  private func thought(
    _ ids: [Int32], _ thinking: Reasoning, _ beginning: Beginning
  ) -> Reasoning.Thought {
    var text = spelled(ids)
    for tag in [thinking.tags.open, thinking.tags.close] {
      text = text.replacingOccurrences(of: tag, with: "")
    }
    return Reasoning.Thought(
      text: text.trimmingCharacters(in: .whitespacesAndNewlines).filter { $0 != "\0" }, ids: ids,
      beginning: beginning)
  }

  /// With special tokens by their names: a closing tag may be one.
  private func spelled(_ ids: [Int32]) -> String {
    String(decoding: ids.flatMap(tokenizer.bytes(of:)), as: UTF8.self)
  }
}
