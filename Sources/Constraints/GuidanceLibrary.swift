import CLLGuidance
import Digests
package import Foundation
import Host

/// llguidance, which says what may stand next in an answer under a grammar (MIT,
/// guidance-ai/llguidance). It is loaded where it is needed, from a file whose bytes are known.
package enum GuidanceLibrary {
  package static let version = "1.9.1"
  /// Of the library as it is kept, whose unused symbols need no Python.
  package static let sha256 = "8f23d34aa4c34e1fbd05552581863c74d322689ed55c6627e4d34aa830b4f6f0"

  /// Where `docproc model install` keeps it.
  package static var path: String {
    DataHome.models + "/.libraries/llguidance-\(version).so"
  }

  /// Loads it, once a process.
  /// - Throws: `GrammarError.unavailable`
  package static func load() throws {
    try loaded.get()
  }

  private static let loaded = Result<Void, GrammarError> { () throws(GrammarError) -> Void in
    let path = GuidanceLibrary.path
    guard FileManager.default.fileExists(atPath: path) else {
      throw .unavailable("\(path) is not there; install it: docproc model install")
    }
    guard (try? SHA256.hex(ofFiles: [path])) == sha256 else {
      throw .unavailable(
        "\(path) is another version, or damaged; install it anew: docproc model install --force")
    }
    if let failure = llguidance_load(path) {
      throw .unavailable("\(path) cannot be loaded: \(String(cString: failure))")
    }
  }
}

/// Why an answer cannot be written under a grammar.
package enum GrammarError: Error, Equatable, CustomStringConvertible {
  /// The library is not here.
  case unavailable(String)
  /// The grammar is none, or takes too much.
  case refused(String)
  /// It went wrong while an answer was written.
  case failed(String)

  package var description: String {
    switch self {
    case .unavailable(let reason):
      "answers under a schema need the llguidance library: \(reason)"
    case .refused(let reason): "the schema cannot be used: \(reason)"
    case .failed(let reason): "the answer could not be kept to its grammar: \(reason)"
    }
  }
}
