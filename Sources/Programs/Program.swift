package import ArgumentParser
import Foundation

/// A command-line program of docproc: exits with 0 when done, 1 when failed, 2 for wrong
/// usage, where ArgumentParser alone would exit with 64.
package protocol Program: ParsableCommand {}

extension Program {
  package static func main() {
    let given = NamedPaths.arguments()
    let arguments = Arguments.readable(given)
    let failure = Failure(isJSON: Arguments.askForJSON(arguments))
    do {
      if let unknown = unknownCommand(arguments) { failure.exit(unknown, status: 2) }
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch let error as NSError where SystemFailure.isOne(error) {
      failure.exit(SystemFailure.sentence(error), status: 1)
    } catch {
      let code = exitCode(for: error)
      let isWrongUsage = code == .validationFailure
      let says = message(for: error)
      guard !code.isSuccess, !says.isEmpty, failure.isJSON || isWrongUsage else {
        exit(withError: error)
      }
      failure.exit(
        failure.isJSON ? says : fullMessage(for: error), isWhole: true,
        status: isWrongUsage ? 2 : code.rawValue)
    }
  }

  /// What is wrong with the words that should name a command; nil where they do.
  private static func unknownCommand(_ arguments: [String]) -> String? {
    var commands = configuration.subcommands
    var path = _commandName
    for argument in arguments {
      if commands.isEmpty || argument.hasPrefix("-") || argument == "help" { return nil }
      if let next = commands.first(where: { $0._commandName == argument }) {
        commands = next.configuration.subcommands
        path += " " + argument
        continue
      }
      let names = commands.map { $0._commandName }
      let meant = Arguments.nearest(to: argument, of: names).map { "did you mean \($0)?" }
      return "\(path) has no command '\(argument)'; " + (meant ?? "see \(path) --help")
    }
    return nil
  }
}

/// How a program ends that has failed: with words on standard error.
private struct Failure {
  /// Programs that read JSON read errors as such too.
  let isJSON: Bool

  /// - Parameter isWhole: true for words that name themselves an error.
  func exit(_ message: String, isWhole: Bool = false, status: Int32) -> Never {
    let line = isJSON ? json(message) : isWhole ? message : "Error: \(message)"
    FileHandle.standardError.write(Data((line + "\n").utf8))
    Foundation.exit(status)
  }

  private func json(_ message: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let data = try? encoder.encode(["error": message])
    return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

/// Failures that the system reports, in a sentence.
enum SystemFailure {
  static func isOne(_ error: NSError) -> Bool {
    [NSCocoaErrorDomain, NSPOSIXErrorDomain].contains(error.domain)
  }

  static func sentence(_ error: NSError) -> String {
    let path = error.userInfo[NSFilePathErrorKey] as? String
    let url = (error.userInfo[NSURLErrorKey] as? URL)?.path
    let place = (path ?? url).map { "cannot use \($0): " } ?? ""
    return place + reason(error)
  }

  private static func reason(_ error: NSError) -> String {
    if let inner = error.userInfo[NSUnderlyingErrorKey] as? NSError,
      inner.domain == NSPOSIXErrorDomain
    {
      return String(cString: strerror(Int32(inner.code))).lowercased()
    }
    if error.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(error.code))).lowercased()
    }
    switch CocoaError.Code(rawValue: error.code) {
    case .fileWriteNoPermission, .fileReadNoPermission: return "permission denied"
    case .fileNoSuchFile, .fileReadNoSuchFile: return "there is no such file"
    case .fileWriteOutOfSpace: return "no space is left on the disk"
    case .fileWriteVolumeReadOnly: return "the disk is read-only"
    case .fileWriteFileExists: return "it exists already"
    default: return error.localizedDescription
    }
  }
}
