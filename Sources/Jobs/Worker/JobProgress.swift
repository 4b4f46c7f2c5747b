/// How far a worker is with a job.
package struct JobProgress: Sendable, Equatable {
  /// Of the document, that were read.
  package var tokens = 0
  package var total = 0
  /// Of any kind: without new ones a job is stalled.
  package var steps = 0
  package var resumedFrom = 0

  package init(tokens: Int = 0, total: Int = 0, steps: Int = 0, resumedFrom: Int = 0) {
    self.tokens = tokens
    self.total = total
    self.steps = steps
    self.resumedFrom = resumedFrom
  }
}
