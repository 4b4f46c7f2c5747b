import Glibc

/// The bytes of files that documents are made of.
enum FileContents {
  /// Postgres holds up to 1 GB in a value; this leaves room for its overhead.
  static let maximumBytes = 512 << 20

  /// Opens a file to read.
  /// - Parameters:
  ///   - name: the path's bytes, which need not be UTF-8.
  ///   - shown: what messages call it.
  /// - Throws: `DocumentError.unreadable` for anything but a regular file or a link to one.
  static func open(_ name: [UInt8], shown path: String) throws -> OpenFile {
    let descriptor = name.withCString { Glibc.open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else { throw unreadable(path, errno) }
    let file = OpenFile(descriptor: descriptor)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw DocumentError.unreadable(path: path, reason: "it is not a regular file")
    }
    return file
  }

  /// All of a file.
  /// - Throws: `DocumentError.unreadable`, `.tooLarge`
  static func read(_ file: OpenFile, shown path: String) throws -> [UInt8] {
    guard file.bytes <= maximumBytes else {
      throw DocumentError.tooLarge(path: path, bytes: file.bytes, limit: maximumBytes)
    }
    lseek(file.descriptor, 0, SEEK_SET)
    return try readToEnd(file.descriptor, shown: path)
  }

  /// What comes through standard input.
  static func readStandardInput() throws -> [UInt8] {
    try readToEnd(STDIN_FILENO, shown: "standard input")
  }

  private static func readToEnd(_ descriptor: Int32, shown path: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { return bytes }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw unreadable(path, errno) }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= maximumBytes else {
        throw DocumentError.tooLarge(path: path, bytes: bytes.count, limit: maximumBytes)
      }
    }
  }

  private static func unreadable(_ path: String, _ code: Int32) -> DocumentError {
    .unreadable(path: path, reason: String(cString: strerror(code)).lowercased())
  }
}

/// A file that is open to be read, and closed when the value is gone.
final class OpenFile {
  let descriptor: Int32

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  var bytes: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Its beginning, as far as it can be read.
  var head: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: FileFormat.headBytes)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    return Array(bytes.prefix(max(0, count)))
  }
}

extension [UInt8] {
  /// The bytes as a C string; what follows a zero among them is not seen.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
    try (self + [0]).withUnsafeBytes {
      try body($0.bindMemory(to: CChar.self).baseAddress.unsafelyUnwrapped)
    }
  }
}
