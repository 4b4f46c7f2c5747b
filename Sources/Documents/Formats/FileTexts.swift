import Digests
import Foundation
import Host

/// The text of one file, with its places.
struct FileText {
  /// Within the file: of a member of an archive.
  var path: String?
  let text: String
  var places: [Place]?
  var source: SourceFile?
  /// Where not every byte is text, or the encoding is a guess.
  var doubt: String?

  init(_ text: String, path: String? = nil, places: [Place]? = nil, source: SourceFile? = nil) {
    self.text = text
    self.path = path
    self.places = places
    self.source = source
  }
}

/// Files in any format to text.
struct FileTexts {
  let extractor: Extractor

  /// What a file holds.
  struct Found {
    let texts: [FileText]
    /// What of it is not in the texts, or was read in doubt.
    var notes: [String] = []
  }

  /// - Parameters:
  ///   - name: the path's bytes, which need not be UTF-8.
  ///   - shown: what messages call it.
  /// - Throws: `DocumentError`
  func read(_ name: [UInt8], shown path: String) throws -> Found {
    try read(try FileContents.open(name, shown: path), shown: path)
  }

  /// A file that is open, and stays so.
  /// - Throws: `DocumentError`
  func read(descriptor: Int32, shown path: String) throws -> Found {
    try read(OpenFile(descriptor: dup(descriptor)), shown: path)
  }

  private func read(_ file: OpenFile, shown path: String) throws -> Found {
    let head = file.head
    switch FileFormat.of(name: path, head: head) {
    case .refused(let format, let instead):
      throw DocumentError.unsupportedFormat(path: path, format: format, instead: instead)
    case .foreign: return try extracted(file.descriptor, shown: path)
    case .text: return try plain(try FileContents.read(file, shown: path), shown: path)
    }
  }

  /// What comes through standard input.
  /// - Throws: `DocumentError`
  func standardInput() throws -> Found {
    try read(bytes: try FileContents.readStandardInput(), shown: "standard input")
  }

  /// A file that is in memory already.
  /// - Throws: `DocumentError`
  func read(bytes: [UInt8], shown path: String) throws -> Found {
    switch FileFormat.of(name: path, head: bytes) {
    case .refused(let format, let instead):
      throw DocumentError.unsupportedFormat(path: path, format: format, instead: instead)
    case .text: return try plain(bytes, shown: path)
    case .foreign:
      let copy = try MemoryFile()
      try bytes.withUnsafeBytes { try copy.write($0) }
      return try extracted(copy.descriptor, shown: path)
    }
  }

  private func plain(_ bytes: [UInt8], shown path: String) throws -> Found {
    if bytes.isEmpty { return Found(texts: []) }
    let decoded = try TextDecoder.decode(bytes, path: path, encoding: extractor.encoding)
    var text = FileText(decoded.text)
    text.places = MarkdownHeadings.places(decoded.text, path: path)
    text.doubt = decoded.doubt
    return Found(texts: [text])
  }

  private func extracted(_ descriptor: Int32, shown path: String) throws -> Found {
    let name = (path as NSString).lastPathComponent
    let file = try extractor.extract(descriptor, name: name, path: path)
    let source = try source(descriptor, type: file.type)
    let texts = file.texts.enumerated().map { number, text in
      FileText(
        text.text, path: text.path, places: text.places.isEmpty ? nil : text.places,
        source: number == 0 ? source : nil)
    }
    return Found(texts: texts, notes: file.notes)
  }

  private func source(_ descriptor: Int32, type: String) throws -> SourceFile {
    let hash = SHA256()
    var bytes = 0
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      let count = pread(descriptor, chunk.baseAddress, chunk.count, bytes)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      hash.update(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      bytes += count
    }
    return SourceFile(type: type, bytes: bytes, sha256: hash.finish())
  }
}
