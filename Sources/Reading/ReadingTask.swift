package import Retrieval
package import Schemas

/// What is wanted from a document.
package enum ReadingTask: Sendable, Equatable {
  /// A summary of all of it, or of what it says about `focus`.
  case summarize(focus: Question? = nil)
  case ask(Question)
  /// JSON that is valid under a schema, about what the words of a wish say, if there are any.
  case extract(JSONSchema, about: Question? = nil)
  /// What is read is what a user says to the model.
  case chat

  /// What the words of the task ask for, if they do.
  package var question: Question? {
    switch self {
    case .summarize(let focus): focus
    case .ask(let question): question
    case .extract(_, let wish): wish
    case .chat: nil
    }
  }

  /// A summary is wanted of all that is read.
  package var isOfWholeText: Bool {
    switch self {
    case .summarize(let focus): focus == nil
    case .ask(let question): question.kind == .wholeText
    case .chat, .extract: false
    }
  }
}
