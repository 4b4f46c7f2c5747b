import Inference

/// A document after one pass: what the model remembers of it, and the text its quotes come
/// from. It can be asked any number of times.
public final class Reading {
  let tokens: DocumentTokens
  let state: ReadingState
  /// Tokens before the document's first.
  let shift: Int
  let pass: ReadingPass.Outcome
  let duration: Duration

  init(_ tokens: DocumentTokens, shift: Int, _ pass: ReadingPass.Outcome, duration: Duration) {
    self.tokens = tokens
    self.shift = shift
    self.pass = pass
    self.duration = duration
    state = pass.state
  }

  /// Tokens of the document.
  public var documentTokens: Int { tokens.ids.count }
}
