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

  @Option(help: "Of a git repository the files as they were at this commit, branch or tag.")
  var revision: String?

  @Option(
    help: ArgumentHelp(
      "A file whose first line is the password of a PDF or an archive.", valueName: "file"),
    completion: .file())
  var passwordFile: String?

  @Flag(help: "Read pages of a PDF that are pictures, by tesseract.")
  var ocr = false

  @Option(help: "Languages of such pages, as tesseract names them: eng+deu.")
  var ocrLanguages = "eng"

  @Option(
    help: ArgumentHelp(
      """
      What taking the text out of one file may cost: bytes, members, ratio, nesting, depth, \
      seconds or memory. May be given several times.
      """, valueName: "name=value"))
  var limit: [String] = []

  @Flag(help: "Read documents of any size without being asked.")
  var yes = false

  private func loader(_ output: OutputOptions) throws -> DocumentLoader {
    var extractor = Extractor()
    extractor.password = try passwordFile.map(Self.password)
    extractor.ocr = ocr ? ocrLanguages : nil
    for setting in limit where !extractor.limits.set(setting) {
      throw ValidationError(
        "--limit \(setting) sets none: give NAME=NUMBER, with a name of "
          + ExtractionLimits.names.joined(separator: ", "))
    }
    let isTerminal = isatty(STDERR_FILENO) == 1 && !output.quiet
    if isTerminal { extractor.onProgress = ExtractionProgress.show }
    return DocumentLoader(
      encoding: encoding, choice: FileChoice(include: include, exclude: exclude),
      extractor: extractor, revision: revision)
  }

  private static func password(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw UserError("the password file \(path) cannot be read")
    }
    let line = text.split(separator: "\n", omittingEmptySubsequences: false).first ?? ""
    guard !line.isEmpty else { throw UserError("\(path) has no password on its first line") }
    return String(line)
  }

  /// - Throws: `DocumentError`
  func load(_ path: String, _ output: OutputOptions) throws -> Document {
    told(try loader(output).load(path), output)
  }

  /// Several paths as one document.
  func load(together paths: [String], _ output: OutputOptions) throws -> Document {
    let loader = try loader(output)
    return told(
      paths.count > 1 ? try loader.load(together: paths) : try loader.load(paths[0]), output)
  }

  private func told(_ document: Document, _ output: OutputOptions) -> Document {
    ExtractionProgress.end()
    for note in document.notes { output.note(note) }
    return document
  }

  /// Tells how much work documents are; more than a limit has to be agreed to.
  /// - Parameter tokensPerSecond: of readings before, where there were any.
  /// - Throws: `UserError`
  func agree(
    to documents: [Document], tokensPerSecond speed: Double?, _ output: OutputOptions
  ) throws {
    let sizes = documents.map { DocumentSize($0, tokensPerSecond: speed) }
    for size in sizes where size.tokens >= Self.leastTold { output.note(size.text) }
    let large = sizes.filter { $0.tokens > Self.mostTokens }
    guard !large.isEmpty, !yes else { return }
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
      throw UserError(
        "\(large[0].text): more than \(Self.mostTokens.formatted()) tokens; leave files out with "
          + "--exclude, or give --yes")
    }
    FileHandle.standardError.write(Data("docproc: read it all? [y/N] ".utf8))
    guard readLine()?.lowercased().hasPrefix("y") ?? false else { throw UserError("not read") }
  }

  /// About the tokens that a question may have: more is a document.
  static let mostQuestionBytes = 8000

  /// - Throws: `ValidationError`
  static func check(question: String) throws {
    let bytes = question.utf8.count
    guard bytes <= mostQuestionBytes else {
      throw ValidationError(
        "the question has \(bytes) bytes, about \(bytes / DocumentSize.bytesPerToken) tokens; the limit is "
          + "\(mostQuestionBytes) bytes: put what is to be read into the document")
    }
  }
}

/// How much work a document is, before anything is done.
struct DocumentSize {
  static let bytesPerToken = 4

  let tokens: Int
  let text: String

  /// - Parameter speed: of readings before; nil where there were none.
  init(_ document: Document, tokensPerSecond speed: Double?) {
    let bytes = document.text.utf8.count
    let files = document.parts.count
    let tokens = bytes / Self.bytesPerToken
    self.tokens = tokens
    let seconds = speed.map { Int((Double(tokens) / max($0, 1e-3)).rounded()) }
    let time =
      seconds.map { "about \(JobTable.duration($0)) to read" } ?? "the first reading tells how long"
    text =
      "\(document.name): \(files) file\(files == 1 ? "" : "s"), \(bytes >> 10) KiB, "
      + "about \(tokens.formatted()) tokens, \(time)"
  }
}
