/// What the queue says to a worker that reports progress.
package enum Verdict: String, Sendable {
  case going
  case cancel
  /// Stop after a checkpoint, until somebody resumes the job.
  case pause
  /// Make way for a more important job, after a checkpoint.
  case preempt
  /// The claim is another's: stop, and write nothing.
  case lost

  /// A wish that a newer program has brought is none that this one can heed: it goes on.
  package init(named name: String) { self = Verdict(rawValue: name) ?? .going }
}
