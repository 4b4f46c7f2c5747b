/// What is to be done with a document.
package enum JobTask: String, Sendable, Codable, CaseIterable {
  case summarize
  case ask
  /// The document is what a user says to the model, and the model goes on.
  case chat
  /// JSON that is valid under the schema of the parameters is taken out of the document.
  case extract

  /// - Throws: `JobError.unknownTask` for one that a newer program has brought.
  init(named name: String) throws {
    guard let task = JobTask(rawValue: name) else { throw JobError.unknownTask(name) }
    self = task
  }
}
