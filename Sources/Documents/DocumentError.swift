/// Why a path cannot be read as a document.
package enum DocumentError: Error, Equatable, CustomStringConvertible {
  case notFound(path: String)
  case unreadable(path: String, reason: String)
  case empty(path: String)
  case binary(path: String)
  case unsupportedFormat(path: String, format: String, instead: String)
  /// A file in a foreign format whose text could not be taken out.
  case notExtracted(path: String, reason: String)
  case badRevision(path: String, revision: String, reason: String)
  case invalidEncoding(path: String, byte: Int, guess: String?)
  case unknownEncoding(String)
  case noTextInDirectory(path: String, leftOut: [String])
  case bareRepository(path: String)
  case tooLarge(path: String, bytes: Int, limit: Int)

  /// True for what had to do with this host at this moment, and not with the file.
  package var mayPass: Bool {
    switch self {
    case .unreadable: true
    case .notExtracted(_, let reason):
      ["(signal 15", "(signal 2", "longer than", "all the time"].contains(where: reason.contains)
    default: false
    }
  }

  package var description: String {
    switch self {
    case .notFound(let path): "there is no file or directory \(path)"
    case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
    case .empty(let path): "\(path) holds no text"
    case .binary(let path): "\(path) is a binary file; \(Self.supported)"
    case .unsupportedFormat(let path, let format, let instead):
      "\(path) is \(format), which is not read: \(instead)"
    case .notExtracted(let path, let reason): "cannot read \(path): \(reason)"
    case .badRevision(let path, let revision, let reason):
      "\(path) has no revision \(revision): \(reason)"
    case .invalidEncoding(let path, let byte, let guess):
      "\(path) is not valid UTF-8 (byte \(byte)) and its encoding cannot be told"
        + (guess.map { "; it might be \($0)" } ?? "")
        + "; name it with --encoding, for example --encoding \(guess ?? "ISO-8859-1")"
    case .unknownEncoding(let name):
      "the encoding \(name) is not known on this host (see: iconv --list)"
    case .noTextInDirectory(let path, let leftOut):
      "\(path) holds no text files; \(Self.supported)"
        + leftOut.map { "\n  " + $0 }.joined()
    case .bareRepository(let path):
      "\(path) is a bare git repository, without files of its own: git clone it, and read the clone"
    case .tooLarge(let path, let bytes, let limit):
      "\(path) holds \(bytes) bytes of text; the limit is \(limit)"
    }
  }

  /// What is wrong, without the path.
  var reason: String {
    switch self {
    case .unreadable(_, let reason): reason
    case .invalidEncoding: "its encoding cannot be told"
    case .tooLarge(_, let bytes, let limit): "\(bytes) bytes; the limit is \(limit)"
    case .notExtracted(_, let reason): reason
    case .unsupportedFormat(_, let format, let instead): "it is \(format): \(instead)"
    default: "\(self)"
    }
  }

  static let supported =
    "supported are text, Markdown and source files in any encoding, EPUB, PDF, DOCX, ODT, RTF, "
    + "HTML, Jupyter notebooks, mail (mbox, eml), archives, and directories of them (a codebase)"
}
