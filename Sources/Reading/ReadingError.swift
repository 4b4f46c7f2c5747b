package enum ReadingError: Error, Equatable, CustomStringConvertible {
  /// The control asked for it.
  case stopped
  case nothingToRead
  case emptyQuestion

  package var description: String {
    switch self {
    case .stopped: "the reading was stopped"
    case .nothingToRead: "the document's text has no tokens"
    case .emptyQuestion: "the task ask needs a question"
    }
  }
}
