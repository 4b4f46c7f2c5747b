package import Documents

/// An order to be given.
package struct JobOrder: Sendable {
  package let document: Document
  package let task: JobTask
  package let question: String?
  package let model: String
  package let parameters: JobParameters
  package let priority: Int
  /// True: a new job even if the same was ordered before.
  package let again: Bool
  /// Orders with the same key are the same job; nil: those with the same content.
  package let key: String?
  /// A claim that takes longer is ended, and the job has failed.
  package let deadlineSeconds: Int?

  package init(
    _ document: Document, _ task: JobTask, question: String? = nil, model: String,
    parameters: JobParameters = JobParameters(),
    priority: Int = 0, again: Bool = false, key: String? = nil, deadlineSeconds: Int? = nil
  ) {
    self.document = document
    self.task = task
    self.question = question
    self.model = model
    self.parameters = parameters
    self.priority = priority
    self.again = again
    self.key = key
    self.deadlineSeconds = deadlineSeconds
  }
}
