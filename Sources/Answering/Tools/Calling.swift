import Constraints
import Foundation
import Inference
import Reading
import Results
import Retrieval
import Schemas
import Tokenizer

/// Calls of tools, which a model asks for instead of answering. Nothing is called here.
extension Answerer {
  /// Tokens of calls where nobody says how many.
  package static var usualCallTokens: Int { 512 }

  /// How the model writes that it calls a tool.
  var toolStyle: ToolStyle { format.prompt.toolStyle ?? .tagged }

  /// What the model calls for a question about a document that was read; nil where it rather
  /// answers.
  /// - Throws: `ExtractionError`, `GrammarError`, `ModelError`, `ReadingError.stopped`
  func calls(
    for question: Question, _ tools: ToolSet, from reading: DocumentReading,
    _ options: AnswerOptions
  ) throws -> Answer? {
    let route = reading.hasRead ? options.route ?? route : .passages
    let evidence = Evidence(
      reading.text, reading.lexicalScores(question),
      attention: [Double](repeating: 0, count: reading.text.units.ranges.count))
    let passages =
      route.showsPassages ? Passages.inOrder(bytes: passageBytes, evidence, reading.text) : []
    let prompt = format(options).calling(question, passages: passages)
    return try calls(
      tools, after: prompt, on: try state(for: question, route, reading, options), route, reading,
      options)
  }

  /// What the model calls in a conversation; nil where it rather answers.
  /// - Throws: `ExtractionError`, `GrammarError`, `ModelError`, `ReadingError.stopped`
  func calls(
    _ tools: ToolSet, inChat reading: DocumentReading, _ options: AnswerOptions
  ) throws -> Answer? {
    try calls(
      tools, after: format(options).chatClosing(), on: reading.state, .reading, reading, options)
  }

  private func calls(
    _ tools: ToolSet, after prompt: [Int32], on state: ReadingState, _ route: AnswerRoute,
    _ reading: DocumentReading, _ options: AnswerOptions
  ) throws -> Answer? {
    let start = ContinuousClock.now
    let format = format(options)
    let generator = generator(format)
    var beginning = try generator.begin(after: prompt, state, reading.control)
    var thought: Reasoning.Thought?
    if let thinking = try thinking(options) {
      let made = try generator.think(
        from: beginning, thinking, format, progress: WritingProgress(control: reading.control))
      (beginning, thought) = (made.beginning, made)
    }
    if tools.choice == .auto, !isCall(beginning) { return nil }

    let (written, found) = try generator.write(
      from: beginning, under: grammars().constraint(.lark(toolStyle.grammar(tools))),
      attempts: [SamplingOptions(), Self.retry], limit: options.mostTokens, caps: caps,
      progress: WritingProgress(control: reading.control, before: thought?.ids.count ?? 0)
    ) { text in
      let calls = try toolStyle.calls(in: text)
      return (calls, try violation(of: calls, tools))
    }
    guard let found else { throw ExtractionError.incomplete(tokens: options.mostTokens) }
    var took = figures(
      reading, answering: .now - start, generated: written.ids.count + (thought?.ids.count ?? 0))
    took.reasoningTokens = thought.map(\.ids.count)
    took.forcedTokens = written.forcedTokens
    return Answer(
      text: toolStyle.text(found), isSupported: true, support: nil, candidates: [], evidence: [],
      documentTokens: reading.documentTokens, answeredFrom: route, calls: found,
      reasoning: thought?.text ?? "", figures: took)
  }

  /// True where the model's next token begins a call.
  private func isCall(_ beginning: AnswerGenerator.Beginning) -> Bool {
    var sampler = Sampler(SamplingOptions())
    let bytes = tokenizer.bytes(of: sampler.next(beginning.logits))
    let text = bytes.drop { $0 == 32 || $0 == 10 }
    let open = Array(toolStyle.open.utf8)
    // A token may have a part of the tag, or more than it.
    return !text.isEmpty && (open.starts(with: text) || text.starts(with: open))
  }

  private func violation(of calls: [ToolCall], _ tools: ToolSet) throws -> SchemaViolation? {
    for call in calls {
      guard let tool = tools.tools.first(where: { $0.name == call.name }) else { continue }
      let value = try JSONTree(parsing: call.arguments)
      if let found = SchemaValidator(tool.parameters).violation(of: value) { return found }
    }
    return nil
  }
}
