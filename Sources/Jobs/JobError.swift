/// What is wrong with a job, or with asking for it.
package enum JobError: Error, Equatable, CustomStringConvertible {
  case noSuchJob(Int)
  case noSuchReading(Int)
  case noSuchKey(String)
  case isRunning(Int)
  case noResult(id: Int, state: JobState)
  case unknownTask(String)
  case unknownState(String)
  case malformedParts(reason: String)
  case damagedDocument(expected: String, found: String)
  case unknownParameter(String)
  case malformedParameters(reason: String)
  case impossibleParameter(name: String, value: String, allowed: String)

  package var description: String {
    switch self {
    case .noSuchJob(let id): "there is no job \(id)"
    case .noSuchReading(let id): "there is no kept reading \(id)"
    case .noSuchKey(let id): "there is no key \(id)"
    case .isRunning(let id): "job \(id) is running: cancel it first"
    case .noResult(let id, let state): "job \(id) has no result: it is \(state.rawValue)"
    case .unknownTask(let name):
      "this docproc does not know the task \(name); it needs a newer one"
    case .unknownState(let name):
      "this docproc does not know the state \(name) of a job; install a newer one"
    case .unknownParameter(let name):
      "this docproc does not know the parameter \(name); it needs a newer one"
    case .malformedParameters(let reason):
      "the job's parameters are not as they should be: \(reason)"
    case .impossibleParameter(let name, let value, let allowed):
      "the job's parameter \(name) is \(value); it may be \(allowed)"
    case .damagedDocument(let expected, let found):
      "the document's text has the SHA-256 \(found), but \(expected) was ordered: remove "
        + "the job (docproc rm) and submit it again"
    case .malformedParts(let reason): "the job's parts are not as they should be: \(reason)"
    }
  }
}
