import Constraints

/// Prompts of families whose folders have no usable chat template.
enum PromptFamilies {
  /// Turns of ChatML, as SmolLM2 and Qwen have them.
  static let chatML = ModelPrompt(
    source: "family ChatML",
    turns: .init(
      beforeSystem: [.token("<|im_start|>"), .text("system\n")],
      beforeUser: [.token("<|im_end|>"), .text("\n"), .token("<|im_start|>"), .text("user\n")],
      beforeAnswer: [
        .token("<|im_end|>"), .text("\n"), .token("<|im_start|>"), .text("assistant\n"),
      ]),
    stop: ["<|im_end|>"])

  /// For a model that nobody taught turns.
  static let plain = ModelPrompt(
    source: "none",
    turns: .init(beforeSystem: [], beforeUser: [.text("\n\n")], beforeAnswer: [.text("\n\n")]),
    stop: [])

  private static let off: [ModelPrompt.Piece] = [
    .token("<think>"), .text("\n\n"), .token("</think>"), .text("\n\n"),
  ]

  private static var qwen3: ModelPrompt {
    var prompt = chatML
    prompt.source = "family Qwen3"
    prompt.withoutThinking = prompt.turns
    prompt.withoutThinking?.beforeAnswer += off
    prompt.thinking = .init(open: "<think>", close: "</think>", isOpened: false)
    prompt.sampling = .init(temperature: 0.7, topP: 0.8, topK: 20)
    return prompt
  }

  /// MiniMax-Text-01 and M1, in the form that M1's authors give for vLLM: the template in M1's
  /// release leaves the system text out.
  private static func miniMax(begin: [ModelPrompt.Piece], role: String) -> ModelPrompt {
    let start = ModelPrompt.Piece.token("<beginning_of_sentence>")
    let end = ModelPrompt.Piece.token("<end_of_sentence>")
    return ModelPrompt(
      source: "family MiniMax",
      turns: .init(
        beforeSystem: begin + [start, .text("system ai_setting=\(role)\n")],
        beforeUser: [end, .text("\n"), start, .text("user name=user\n")],
        beforeAnswer: [end, .text("\n"), start, .text("ai name=\(role)\n")]),
      stop: ["<end_of_sentence>"])
  }

  private static var miniMaxM1: ModelPrompt {
    var prompt = miniMax(begin: [.token("<begin_of_document>")], role: "MiniMax AI")
    prompt.source = "family MiniMax-M1"
    prompt.toolStyle = .lines
    prompt.thinking = .init(open: "<think>", close: "</think>", isOpened: false)
    prompt.sampling = .init(temperature: 1, topP: 0.95)
    return prompt
  }

  private static let miniMaxM2 = ModelPrompt(
    source: "family MiniMax-M2",
    turns: .init(
      beforeSystem: [.token("]~!b["), .token("]~b]"), .text("system\n")],
      beforeUser: [.token("[e~["), .text("\n"), .token("]~b]"), .text("user\n")],
      beforeAnswer: [
        .token("[e~["), .text("\n"), .token("]~b]"), .text("ai\n"), .token("<think>"), .text("\n"),
      ]),
    thinking: .init(open: "<think>", close: "</think>", isOpened: true), stop: ["[e~["],
    sampling: .init(temperature: 1, topP: 0.95, topK: 40))

  /// Ling and Ring 2.x.
  private static let bailing = ModelPrompt(
    source: "family Ling",
    turns: .init(
      beforeSystem: [.token("<role>"), .text("SYSTEM"), .token("</role>")],
      beforeUser: [
        .text("\ndetailed thinking off"), .token("<|role_end|>"), .token("<role>"), .text("HUMAN"),
        .token("</role>"),
      ],
      beforeAnswer: [
        .token("<|role_end|>"), .token("<role>"), .text("ASSISTANT"), .token("</role>"),
      ]),
    thinking: .init(open: "<think>", close: "</think>", isOpened: false),
    stop: ["<|role_end|>", "<|endoftext|>"])

  private static var miniCPM: ModelPrompt {
    var prompt = chatML
    prompt.source = "family MiniCPM"
    prompt.turns.beforeSystem.insert(.token("<s>"), at: 0)
    prompt.withoutThinking = prompt.turns
    prompt.withoutThinking?.beforeAnswer.insert(.text("/no_think"), at: 0)
    prompt.thinking = .init(open: "<think>", close: "</think>", isOpened: false)
    prompt.stop = ["<|im_end|>", "</s>"]
    return prompt
  }

  /// Prompts by the architecture's name in config.json. Those of M1 are used whatever its chat
  /// template says.
  static func prompt(architecture: String) -> ModelPrompt? {
    switch architecture {
    case "MiniMaxText01ForCausalLM", "MiniMaxForCausalLM":
      miniMax(begin: [], role: "assistant")
    case "MiniMaxM1ForCausalLM": miniMaxM1
    case "MiniMaxM2ForCausalLM": miniMaxM2
    case "BailingMoeLinearV2ForCausalLM", "BailingMoeV2_5ForCausalLM",
      "BailingMoeLinearForCausalLM", "BailingMoELinearForCausalLM":
      bailing
    case "MiniCPMSALAForCausalLM": miniCPM
    case "Qwen3ForCausalLM": qwen3
    default: nil
    }
  }

  static func overridesTemplate(_ architecture: String) -> Bool {
    architecture == "MiniMaxM1ForCausalLM"
  }
}
