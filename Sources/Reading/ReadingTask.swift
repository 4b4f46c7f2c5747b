/// What is wanted from a document.
public enum ReadingTask: Sendable, Equatable {
  /// A summary of all of it, or of what it says about `focus`.
  case summarize(focus: String? = nil)
  case ask(question: String)

  /// What the words of the task ask for, if they do.
  var question: String? {
    switch self {
    case .summarize(let focus): focus
    case .ask(let question): question
    }
  }
}
