import Glibc

/// A file mapped read-only into memory, shared with other processes on the host.
final class MappedFile {
  let path: String
  let bytes: UnsafeRawBufferPointer

  /// - Throws: `ModelError.unreadable` with the system's reason.
  init(path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.unreadable(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ModelError.unreadable(path: path, reason: "not a regular file")
    }
    guard status.st_size > 0 else {
      throw ModelError.unreadable(path: path, reason: "the file is empty")
    }
    guard let base = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0),
      base != MAP_FAILED
    else { throw Self.unreadable(path) }
    bytes = UnsafeRawBufferPointer(start: base, count: Int(status.st_size))
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

  private static func unreadable(_ path: String) -> ModelError {
    .unreadable(path: path, reason: String(cString: strerror(errno)))
  }
}
