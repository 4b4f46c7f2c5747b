import Inference

/// A document after one pass: what the model remembers of it, and the text its quotes come
/// from. It can be asked any number of times.
public final class Reading {
  let tokens: DocumentTokens
  let state: ReadingState
  /// Tokens before the document's first.
  let shift: Int
  let pass: ReadingPass.Outcome
  let control: ReadingControl
  /// The question that was known before the reading, and how the document matches its words.
  private let known: (question: String, scores: LexicalScores)?

  init(
    _ tokens: DocumentTokens, shift: Int, known: (question: String, scores: LexicalScores)?,
    _ pass: ReadingPass.Outcome,
    control: ReadingControl
  ) {
    self.tokens = tokens
    self.known = known
    self.shift = shift
    self.pass = pass
    self.control = control
    state = pass.state
  }

  func lexicalScores(_ question: String) -> LexicalScores {
    if let known, known.question == question { return known.scores }
    return tokens.lexicalScores(question)
  }

  /// Tokens of the document.
  public var documentTokens: Int { tokens.ids.count }
}
