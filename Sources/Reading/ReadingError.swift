package enum ReadingError: Error, Equatable, CustomStringConvertible {
  /// The control asked for it.
  case stopped
  case nothingToRead
  case emptyQuestion
  /// The model was not made for so many tokens; `most` leaves room for a question and its answer.
  case beyondContext(tokens: Int, most: Int)

  package var description: String {
    switch self {
    case .stopped: "the reading was stopped"
    case .nothingToRead: "the document's text has no tokens"
    case .emptyQuestion: "the task ask needs a question"
    case .beyondContext(let tokens, let most):
      "the document has \(tokens) tokens, but this model can read at most \(most) and answer from "
        + "them: use --from passages, a model with a longer context, or --beyond-context"
    }
  }
}
