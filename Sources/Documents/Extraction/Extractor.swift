import Foundation
package import Glibc
import Host

/// Takes the text out of a file in a foreign format, by a program of its own in a sandbox: what
/// breaks a reader ends that program, and costs this one an error.
package struct Extractor: Sendable {
  package var encoding: String?
  package var choice = FileChoice()
  package var password: String?
  package var ocr: String?
  package var limits = ExtractionLimits()
  /// Told how far a file is: its name, what is done, of how many, and of what.
  package var onProgress: (@Sendable (String, Int, Int, String) -> Void)?
  /// Of the program; nil: beside this one, or in PATH.
  package var program: String?

  package init() {}

  static let programName = "docproc-extract"

  /// Beside this program, which may be a link to it.
  private var path: String {
    if let program { return program }
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = (own as NSString).deletingLastPathComponent + "/" + Self.programName
    return FileManager.default.isExecutableFile(atPath: beside) ? beside : Self.programName
  }

  /// - Parameters:
  ///   - descriptor: the file, which is read from its beginning.
  ///   - name: of the file, for messages and to tell its format.
  ///   - path: what messages call it.
  /// - Throws: `DocumentError`
  package func extract(_ descriptor: Int32, name: String, path shown: String) throws
    -> ExtractedFile
  {
    let settings = try MemoryFile()
    let told = ExtractionSettings(
      name: name, encoding: encoding, choice: choice, password: password, ocr: ocr, limits: limits)
    try JSONEncoder().encode(told).withUnsafeBytes { try settings.write($0) }
    settings.rewind()
    lseek(descriptor, 0, SEEK_SET)
    let process = try start(descriptor, settings)
    var records = RecordReader(name: name, most: limits.bytes, onProgress)
    let end = try process.read(within: Double(limits.seconds)) { try records.take($0) }
    return try outcome(records, end, process, shown)
  }

  /// What a reader of a stranger's file could do all the same on this host; empty where it is shut
  /// in as it should be.
  package func openings() -> [String] {
    do {
      let result = try Command.run(path, ["--check"])
      let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
      return lines.filter { $0.hasSuffix(": not refused") }.map { String($0.prefix { $0 != ":" }) }
    } catch {
      return ["\(error)"]
    }
  }

  private func start(_ input: Int32, _ settings: MemoryFile) throws -> PipedProcess {
    do {
      return try PipedProcess(path, [], input: input, extra: settings.descriptor)
    } catch let error as Command.NotFound {
      throw DocumentError.unreadable(
        path: error.name, reason: "it reads books and other formats, and is not installed")
    }
  }

  private func outcome(
    _ records: RecordReader, _ end: PipedProcess.End, _ process: PipedProcess, _ path: String
  ) throws -> ExtractedFile {
    if let failure = records.failure {
      throw DocumentError.notExtracted(path: path, reason: failure)
    }
    if end == .exit(0), let type = records.type {
      return ExtractedFile(type: type, texts: records.texts, notes: records.notes)
    }
    let words = process.saidLast.split(separator: "\n").last.map { String($0.prefix(300)) }
    let said = words.map { ": " + RecordReader.line($0) } ?? ""
    let reason =
      switch end {
      case .timeout:
        "reading it took longer than \(limits.seconds) seconds; --limit seconds=N allows more"
      case .signal(SIGXCPU), .signal(SIGKILL):
        "reading it took all the time (\(limits.seconds) s of a CPU) or memory it may; "
          + "--limit seconds=N and --limit memory=N allow more"
      // A program of Swift ends so where it gets no more memory.
      case .signal(SIGILL), .signal(SIGTRAP), .signal(SIGABRT):
        "the file broke its reader, or needed more memory than it may\(said); "
          + "--limit memory=N allows more"
      case .signal(let signal): "the file broke its reader (signal \(signal)\(said))"
      case .exit(let status): "its reader ended with \(status)\(said)"
      }
    throw DocumentError.notExtracted(path: path, reason: reason)
  }
}

/// The text of a file in a foreign format.
package struct ExtractedFile: Sendable {
  package struct Text: Sendable {
    /// Of a member of an archive; nil for a file that is one text.
    package let path: String?
    package let text: String
    package let places: [Place]
  }

  /// Its media type.
  package let type: String
  package let texts: [Text]
  package let notes: [String]
}

/// Puts records together as their bytes come. The program that wrote them read a stranger's file:
/// nothing it says is taken for true.
private struct RecordReader {
  private let name: String
  private let most: Int
  private let onProgress: (@Sendable (String, Int, Int, String) -> Void)?
  private var buffer: [UInt8] = []
  private var taken = 0
  private var awaited: (path: String?, bytes: Int, places: [Place])?
  private(set) var texts: [ExtractedFile.Text] = []
  private(set) var notes: [String] = []
  private(set) var failure: String?
  private(set) var type: String?

  private static let mostNotes = 1000
  /// Of a line: places of a mailbox with a million messages.
  private static let longestLine = 512 << 20

  init(name: String, most: Int, _ onProgress: (@Sendable (String, Int, Int, String) -> Void)?) {
    self.name = name
    self.most = most
    self.onProgress = onProgress
  }

  mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
    var start = 0
    while start < bytes.count {
      if let (path, count, places) = awaited {
        let wanted = min(count + 1 - buffer.count, bytes.count - start)
        buffer.append(contentsOf: bytes[start..<start + wanted])
        start += wanted
        guard buffer.count == count + 1 else { return }
        buffer.removeLast()
        try add(path, places)
        continue
      }
      let rest = bytes[start...]
      let end = rest.firstIndex(of: 10) ?? bytes.count
      buffer.append(contentsOf: bytes[start..<end])
      start = end + 1
      guard buffer.count < Self.longestLine else { throw broken("a line without an end") }
      guard end < bytes.count else { return }
      try record()
    }
  }

  private func broken(_ what: String) -> DocumentError {
    .notExtracted(path: name, reason: "its reader printed \(what)")
  }

  private mutating func add(_ path: String?, _ places: [Place]) throws {
    guard let text = String(validating: buffer, as: UTF8.self) else {
      throw broken("what is no UTF-8")
    }
    let scalars = text.unicodeScalars.count
    var last = 0
    let sound = places.filter { place in
      guard (last...max(last, scalars)).contains(place.start) else { return false }
      last = place.start
      return true
    }
    texts.append(ExtractedFile.Text(path: path.map(Self.line), text: text, places: sound))
    buffer = []
    awaited = nil
  }

  /// A text, or a line about it. - Throws: `DocumentError.tooLarge`
  private mutating func spend(_ bytes: Int) throws {
    let limit = max(most, FileContents.maximumBytes)
    guard bytes >= 0, bytes <= limit - taken else {
      throw DocumentError.tooLarge(path: name, bytes: bytes, limit: limit)
    }
    taken += bytes
  }

  private mutating func record() throws {
    try spend(buffer.count)
    defer { if awaited == nil { buffer.removeAll(keepingCapacity: true) } }
    guard let record = try? JSONDecoder().decode(ExtractionRecord.self, from: Data(buffer)) else {
      throw broken("what is no record")
    }
    switch record {
    case .text(let path, let bytes, let places):
      // A text can be larger than its file: of UTF-16, of one that repeats its headings.
      try spend(bytes)
      buffer = []
      buffer.reserveCapacity(bytes + 1)
      awaited = (path, bytes, places)
    case .note(let text): if notes.count < Self.mostNotes { notes.append(Self.line(text)) }
    case .progress(let done, let of, let what): onProgress?(name, done, of, Self.line(what))
    case .failure(let reason): failure = Self.line(reason)
    case .end(let type): self.type = Self.line(type)
    }
  }

  /// Control characters are none of a name's.
  fileprivate static func line(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.prefix(4000).map {
          $0.properties.generalCategory == .control ? "\u{FFFD}" : $0
        }))
  }
}
