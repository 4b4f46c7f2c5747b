/// Why a file, or a member of one, has no text to give.
package enum ExtractionError: Error, Equatable, CustomStringConvertible {
  case broken(String)
  /// More of something than a limit allows.
  case limit(String, name: String, is: Int)
  case needsPassword
  case wrongPassword
  case refused(String, instead: String)
  case binary

  /// True for limits of all members together: what follows is not read either.
  var endsAll: Bool {
    guard case .limit(_, let name, _) = self else { return false }
    return name != "nesting" && name != "depth"
  }

  package var description: String {
    switch self {
    case .broken(let what): what
    case .limit(let what, let name, let value):
      "\(what), over the limit of \(value); --limit \(name)=N allows more"
    case .needsPassword: "it is encrypted: give its password with --password-file FILE"
    case .wrongPassword: "the password does not open it"
    case .refused(let format, let instead): "it is \(format), which is not read: \(instead)"
    case .binary: "it is a binary file"
    }
  }
}
