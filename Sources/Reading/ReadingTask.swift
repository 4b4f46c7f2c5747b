/// What is wanted from a document.
public enum ReadingTask: Sendable, Equatable {
  case summarize
  case ask(question: String)
}
