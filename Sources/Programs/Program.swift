package import ArgumentParser
import Foundation

/// A command-line program of docproc: exits with 0 when done, 1 when failed, 2 for wrong
/// usage, where ArgumentParser alone would exit with 64.
package protocol Program: ParsableCommand {}

extension Program {
  package static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
      Foundation.exit(2)
    }
  }
}
