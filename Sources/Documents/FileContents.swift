import Glibc

/// The bytes of files that documents are made of.
enum FileContents {
  /// Postgres holds up to 1 GB in a value; this leaves room for its overhead.
  static let maximumBytes = 512 << 20

  /// - Throws: `DocumentError.unreadable` for anything but a regular file or a link to one;
  ///   `.tooLarge`.
  static func read(_ path: String) throws -> [UInt8] {
    try read(Array(path.utf8), shown: path)
  }

  /// - Parameters:
  ///   - name: the path's bytes, which need not be UTF-8.
  ///   - shown: what messages call it.
  static func read(_ name: [UInt8], shown path: String) throws -> [UInt8] {
    let descriptor = name.withCString { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else { throw unreadable(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw DocumentError.unreadable(path: path, reason: "it is not a regular file")
    }
    guard status.st_size <= maximumBytes else {
      throw DocumentError.tooLarge(path: path, bytes: Int(status.st_size), limit: maximumBytes)
    }
    return try readToEnd(descriptor, shown: path)
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

extension [UInt8] {
  /// The bytes as a C string; what follows a zero among them is not seen.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
    try (self + [0]).withUnsafeBytes {
      try body($0.bindMemory(to: CChar.self).baseAddress.unsafelyUnwrapped)
    }
  }
}
