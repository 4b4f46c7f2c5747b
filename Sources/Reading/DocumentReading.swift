package import Inference
package import Retrieval

/// A document after one pass: what the model remembers of it, and the text that quotes come
/// from. It can be asked any number of times.
package final class DocumentReading {
  package let tokens: DocumentTokens
  package let state: ReadingState
  /// Tokens before the document's first.
  package let shift: Int
  package let pass: ReadingPass.Outcome
  package let control: ReadingControl
  /// What was written on the way, where something was.
  package let writer: (any PartWriting)?
  /// What whoever gets the answer should know of how the document was read.
  package let notes: [String]
  /// False where the document was not read at all.
  package let hasRead: Bool
  /// The question that the reading was made for; nil for a general one, which any may follow.
  package var focus: Question? { known?.question }
  /// The question that was known before the reading, and how the document matches its words.
  private let known: (question: Question, scores: LexicalScores)?

  /// Reads a document once, front to back.
  /// - Parameters:
  ///   - prompt: what stands before the document, and what tells the model what matters.
  ///   - question: what it will be asked, where that is known before.
  ///   - writer: what is written at the ends of parts.
  /// - Throws: `ReadingError`, `ModelError`, `StateArchiveError`
  package init(
    _ tokens: DocumentTokens, _ model: LanguageModel, _ prompt: ReadingPrompt,
    question: Question?, writer: (any PartWriting)? = nil, control: ReadingControl
  ) throws {
    guard !tokens.ids.isEmpty else { throw ReadingError.nothingToRead }
    let known = question.map { (question: $0, scores: LexicalScores($0, tokens.text)) }
    let trail = ReadingTrail(opening: prompt.opening, ids: tokens.ids, focus: question?.text)
    var control = control
    control.begins(trail)
    if control.resume == nil, writer == nil { control.resume = control.kept(trail) }
    func read() throws -> ReadingPass.Outcome {
      try ReadingPass(
        model: model, prompt: prompt, tokens: tokens.ids,
        hints: known.map { KeepingHints.choose($0.scores, tokens) } ?? [], writer: writer,
        control: control
      ).run()
    }
    do {
      pass = try read()
    } catch let error as StateArchiveError where control.resume?.isKept == true {
      control.keptIsUnusable(error)
      control.resume = nil
      pass = try read()
    }
    // The state has it all: what it came from need not stay in memory.
    control.resume = control.resume.map {
      ResumePoint(
        tokens: $0.tokens, seconds: $0.seconds, archive: [], pages: [], isKept: $0.isKept)
    }
    self.writer = writer
    state = pass.state
    hasRead = true
    notes = []
    shift = prompt.opening.count
    self.tokens = tokens
    self.known = known
    self.control = control
  }

  /// A document that is not read: its text can be quoted, and the state is one before any text.
  package init(
    unread tokens: DocumentTokens, _ state: ReadingState, notes: [String] = [],
    control: ReadingControl
  ) throws {
    guard !tokens.ids.isEmpty else { throw ReadingError.nothingToRead }
    pass = ReadingPass.Outcome(
      state: state, seconds: 0, firstTokensPerSecond: 0, lastTokensPerSecond: 0)
    hasRead = false
    self.notes = notes
    shift = state.position
    self.state = state
    self.tokens = tokens
    self.control = control
    known = nil
    writer = nil
  }

  /// Tokens that were not read anew, since a reading of them was kept.
  package var reusedTokens: Int {
    control.resume.flatMap { $0.isKept ? $0.tokens : nil } ?? 0
  }

  package var text: QuotableText { tokens.text }

  /// How well each unit of the text matches a question's words.
  package func lexicalScores(_ question: Question) -> LexicalScores {
    if let known, known.question == question { return known.scores }
    return LexicalScores(question, text)
  }

  /// The attention that each unit of the text gets from tokens after it, in layers that choose
  /// what they keep; zero where no layer does.
  /// - Throws: `ModelError`
  package func attention(of probe: [Int32], _ model: LanguageModel) throws -> [Double] {
    let trace = AttentionTrace()
    if state.chooses {
      try model.read(probe, into: state.scratch(tokens: probe.count), trace: trace)
    }
    return tokens.mass(of: trace, shift: shift)
  }

  /// The attention that each unit of the text gets while tokens after it are read or written, in
  /// layers that remember keys and values of it.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  package func attention(while written: [Int32], _ model: LanguageModel) throws -> [Double] {
    let trace = AttentionTrace(includesSoftmax: true)
    try model.read(
      written, into: state.scratch(tokens: written.count), trace: trace,
      atBoundary: { _ in try control.checkStop() })
    return tokens.mass(of: trace, shift: shift)
  }

  /// What is to be done when writing stops before its end: the reading is not lost.
  package func stopping() {
    guard hasRead else { return }
    control.stopping(
      ReadingMoment(state: state, tokens: documentTokens, seconds: pass.seconds, writer: writer))
  }

  /// Tokens of the document.
  package var documentTokens: Int { tokens.ids.count }
}
