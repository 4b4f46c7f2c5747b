/// Where a job stands: docs/job-lifecycle.md draws it.
package enum JobState: String, Sendable, Codable, CaseIterable {
  /// Available, but its time has not come. Only the view says so; the table says `available`.
  case scheduled
  case available
  case running
  case paused
  case completed
  case failed
  case cancelled

  package var isFinal: Bool { [.completed, .failed, .cancelled].contains(self) }

  /// - Throws: `JobError.unknownState` for one that a newer program has brought.
  init(named name: String) throws {
    guard let state = JobState(rawValue: name) else { throw JobError.unknownState(name) }
    self = state
  }
}
