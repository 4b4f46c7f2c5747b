import Inference
import Reading
import Retrieval

/// Writes a summary from a text's highlights, two at a time: a small model condenses a few
/// sentences faithfully, and invents when it has to make one text of many. What it invents still is
/// left out.
struct SummaryWriter {
  private static let tokens = 80
  /// Keeps the model from repeating itself.
  private static let penalty = 1.05

  let model: LanguageModel
  let format: PromptFormat
  let generator: AnswerGenerator

  /// The summary, and how many tokens were generated. `sentences` stand in the document's order.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func write(_ sentences: [String], focus: Question?, control: ReadingControl) throws -> (
    text: String, tokens: Int
  ) {
    let state = model.makeState()
    try model.read(format.opening(.summarize(focus: focus)), into: state)
    let parts = try Self.parts(sentences).map { part in
      let beginning = try generator.begin(
        after: format.summaryWanted(sentences: Array(part), focus: focus), state)
      let written = try generator.generate(
        from: beginning, limit: Self.tokens, penalty: Self.penalty,
        progress: WritingProgress(control: control, isOnly: false))
      return (
        text: SummarySupport(part + [focus?.text].compactMap(\.self)).borneOut(written.text),
        tokens: written.tokens
      )
    }
    let text = Self.joined(parts.map(\.text))

    // Highlights as they are say more than nothing.
    return (text.isEmpty ? Self.joined(sentences) : text, parts.reduce(0) { $0 + $1.tokens })
  }

  /// As few runs as possible, as even as possible.
  static func parts(
    _ sentences: [String], atOnce most: Int = AnswerTuning.chosen.highlightsAtOnce
  ) -> [ArraySlice<String>] {
    let count = (sentences.count + most - 1) / most
    return (0..<count).map {
      sentences[$0 * sentences.count / count..<($0 + 1) * sentences.count / count]
    }
  }

  /// Without what another part has said already.
  private static func joined(_ texts: [String]) -> String {
    var kept: [String] = []
    for text in texts where !text.isEmpty && !kept.contains(text) { kept.append(text) }
    return kept.joined(separator: " ")
  }
}
