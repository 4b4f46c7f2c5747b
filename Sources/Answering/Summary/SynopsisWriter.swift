import Inference
import Reading
import Retrieval

/// Writes what a stretch of a text says, on a fork of a state, and leaves out what the stretch does
/// not bear out.
struct SynopsisWriter {
  private static let tokens = 96
  /// Keeps the model from repeating itself.
  private static let penalty = 1.05
  /// Of a part's highlights, at most and at least, and tokens for each.
  private static let highlights = (least: 2, most: 8, tokens: 1_500)

  let model: LanguageModel
  let format: PromptFormat
  let generator: AnswerGenerator
  /// A large model condenses many sentences at once; a small one invents when it has to.
  let isLarge: Bool
  /// How a model thinks first that cannot be told not to.
  let thinking: Reasoning?

  /// What a synopsis is written from.
  struct Source {
    let text: QuotableText
    let units: Range<Int>
    /// Sentences of the units that tell most, in their order; empty where they are not shown.
    var shown: [Int] = []
    var focus: Question?
  }

  struct Written {
    /// Borne out by the source.
    let sentences: [String]
    /// How many sentences the model wrote.
    let outOf: Int
    let tokens: Int
  }

  /// - Parameter before: tokens that were written before, for the progress.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func write(
    _ source: Source, on state: ReadingState, _ control: ReadingControl, before: Int
  ) throws -> Written {
    let support = SentenceSupport(
      text: source.text, units: source.units, given: source.focus?.text ?? "")
    var tokens = 0
    var count = 0
    var kept: [String] = []
    for prompt in prompts(source) {
      let written = try text(
        after: prompt, on: state, limit: Self.tokens,
        WritingProgress(control: control, before: before + tokens, isOnly: false))
      tokens += written.tokens
      count += Sentences.split(written.text).count
      kept += support.borneOut(written.text).filter { !kept.contains($0) }
    }

    return Written(sentences: kept, outOf: count, tokens: tokens)
  }

  /// What the model writes after a prompt, without its thoughts.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func text(
    after prompt: [Int32], on state: ReadingState, limit: Int, _ progress: WritingProgress
  ) throws -> (text: String, tokens: Int) {
    var beginning = try generator.begin(after: prompt, state, progress.control)
    var thought = 0
    if let thinking {
      let made = try generator.think(from: beginning, thinking, format, progress: progress)
      beginning = made.beginning
      thought = made.ids.count
    }
    let written = try generator.generate(
      from: beginning, limit: limit, penalty: Self.penalty, progress: progress)
    return (written.text, thought + written.tokens)
  }

  private func prompts(_ source: Source) -> [[Int32]] {
    guard !source.shown.isEmpty else { return [format.synopsisWanted(focus: source.focus)] }
    let most = isLarge ? source.shown.count : AnswerTuning.chosen.highlightsAtOnce
    return Self.evenly(source.shown, atOnce: most).map { units in
      format.summaryWanted(
        sentences: units.map(source.text.line(ofUnit:)), focus: source.focus)
    }
  }

  /// As few runs as possible, as even as possible.
  static func evenly<Item>(_ items: [Item], atOnce most: Int) -> [ArraySlice<Item>] {
    guard most > 0 else { return [] }
    let count = (items.count + most - 1) / most
    return (0..<count).map { items[$0 * items.count / count..<($0 + 1) * items.count / count] }
  }

  /// The units of a part that tell most, in their order, by scores of all units.
  static func highlights(of units: Range<Int>, tokens: Int, _ central: [Double]) -> [Int] {
    let count = min(max(highlights.least, tokens / highlights.tokens), highlights.most)
    return units.filter { central[$0] > 0 }.sorted { (central[$0], $1) > (central[$1], $0) }
      .prefix(count).sorted()
  }
}
