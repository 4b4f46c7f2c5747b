/// How far a worker is with a job.
package struct JobProgress: Sendable, Equatable {
  /// Of the document, that were read.
  package var tokens = 0
  package var total = 0
  /// Of any kind: without new ones a job is stalled.
  package var steps = 0
  package var resumedFrom = 0
  /// Of the answer; above 0 the document is read and the answer is being written.
  package var writtenTokens = 0
  /// The answer so far; nil where several are written to choose from.
  package var written: String?

  package init(
    tokens: Int = 0, total: Int = 0, steps: Int = 0, resumedFrom: Int = 0, writtenTokens: Int = 0,
    written: String? = nil
  ) {
    self.writtenTokens = writtenTokens
    self.written = written
    self.tokens = tokens
    self.total = total
    self.steps = steps
    self.resumedFrom = resumedFrom
  }
}
