import Inference

extension Answerer {
  /// How the model thinks before an answer; nil where it does not.
  /// - Throws: `PromptError.alwaysThinks`
  func thinking(_ options: AnswerOptions) throws -> Reasoning? {
    let prompt = format.prompt
    if let tokens = options.thinkTokens {
      if tokens > 0 { return Self.thinking(prompt, tokens, seed: options.seed, wanted: true) }
      if prompt.withoutThinking == nil, prompt.thinking?.isOpened == true {
        throw PromptError.alwaysThinks
      }
      return nil
    }
    return Self.thinking(prompt, Reasoning.usualTokens, seed: options.seed)
  }

  /// - Parameter wanted: false: only where the model cannot be told not to.
  static func thinking(
    _ prompt: ModelPrompt, _ tokens: Int, seed: UInt64, wanted: Bool = false
  ) -> Reasoning? {
    guard let tags = prompt.thinking, wanted || prompt.withoutThinking == nil else { return nil }
    let published = prompt.sampling
    let sampling = SamplingOptions(
      temperature: published?.temperature ?? 0, topP: published?.topP ?? 1,
      topK: published?.topK ?? 0, seed: seed)
    return Reasoning(tags: tags, budget: tokens, sampling: sampling)
  }
}
