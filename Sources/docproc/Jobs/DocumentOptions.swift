import ArgumentParser
import Documents
import Foundation
import Host

/// How a path becomes a document, for every command that reads one.
struct DocumentOptions: ParsableArguments {
  /// More than these, about, are read only by who says so.
  private static let mostTokens = 5_000_000
  /// Documents of fewer are read without a word about their size.
  private static let leastTold = 100_000
  private static let bytesPerToken = 4

  @Option(
    help: "An iconv name such as ISO-8859-1, for text that is neither UTF-8 nor told by itself.")
  var encoding: String?

  @Option(
    help: """
      Of a directory only files that match this shell pattern: of a name, or with a slash of the \
      whole path. May be given several times.
      """)
  var include: [String] = []

  @Option(help: "Of a directory no files that match this shell pattern.")
  var exclude: [String] = []

  @Flag(help: "Read documents of any size without being asked.")
  var yes = false

  private var loader: DocumentLoader {
    DocumentLoader(
      encoding: encoding, choice: FileChoice(include: include, exclude: exclude))
  }

  /// - Throws: `DocumentError`; `UserError` for more than was agreed to.
  func load(_ path: String) throws -> Document { try checked(try loader.load(path)) }

  /// Several paths as one document.
  func load(together paths: [String]) throws -> Document {
    try checked(paths.count > 1 ? try loader.load(together: paths) : try loader.load(paths[0]))
  }

  private func checked(_ document: Document) throws -> Document {
    for note in document.notes { tell(note) }
    let bytes = document.text.utf8.count
    let tokens = bytes / Self.bytesPerToken
    let files = document.parts.count
    let size =
      "\(document.name): \(files) file\(files == 1 ? "" : "s"), \(bytes >> 10) KiB, "
      + "about \(tokens.formatted()) tokens"
    if tokens >= Self.leastTold { tell(size) }
    guard tokens > Self.mostTokens, !yes else { return document }
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
      throw UserError(
        "\(size): more than \(Self.mostTokens.formatted()); leave files out with --exclude, "
          + "or give --yes")
    }
    FileHandle.standardError.write(Data("docproc: read it all? [y/N] ".utf8))
    guard readLine()?.lowercased().hasPrefix("y") ?? false else { throw UserError("not read") }
    return document
  }

  /// About the tokens that a question may have: more is a document.
  static let mostQuestionBytes = 8000

  /// - Throws: `ValidationError`
  static func check(question: String) throws {
    let bytes = question.utf8.count
    guard bytes <= mostQuestionBytes else {
      throw ValidationError(
        "the question has \(bytes) bytes, about \(bytes / bytesPerToken) tokens; the limit is "
          + "\(mostQuestionBytes) bytes: put what is to be read into the document")
    }
  }

  private func tell(_ text: String) {
    FileHandle.standardError.write(Data("docproc: \(text)\n".utf8))
  }
}
