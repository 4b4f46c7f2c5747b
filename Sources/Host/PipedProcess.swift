internal import CSandbox
import Foundation

/// A program whose output is read as it comes, within a time; when the value goes, so do the
/// program and all that it started.
package final class PipedProcess {
  /// What became of a program.
  package enum End: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)
    case timeout
  }

  package let processID: Int32
  private let output: Int32
  private let messages: MemoryFile
  private var end: End?

  /// - Parameters:
  ///   - input: a descriptor that the program reads from where it stands.
  ///   - extra: one that it gets as number 3.
  ///   - inOwnGroup: false within a sandbox, whose group is ended as one.
  /// - Throws: `Command.NotFound`, `ChildProcess.CannotStart`
  package init(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], input: Int32,
    extra: Int32? = nil, inOwnGroup: Bool = true
  ) throws {
    guard let path = Command.find(name) else { throw Command.NotFound(name: name) }
    messages = try MemoryFile()
    var pipes: [Int32] = [-1, -1]
    guard sandbox_pipe(&pipes) == 0 else { throw Self.failure(path) }
    defer { close(pipes[1]) }
    output = pipes[0]
    let streams = sandbox_streams(
      input: input, output: pipes[1], error: messages.descriptor, extra: extra ?? -1,
      own_group: inOwnGroup ? 1 : 0)
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    let settings: [UnsafeMutablePointer<CChar>?] =
      variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in words + settings { free(pointer) } }
    processID = sandbox_spawn(path, words, settings, streams)
    guard processID > 0 else {
      let failure = Self.failure(path)
      close(output)
      throw failure
    }
  }

  deinit {
    if end == nil { stop() }
    close(output)
  }

  private static func failure(_ path: String) -> ChildProcess.CannotStart {
    ChildProcess.CannotStart(
      description: "cannot start \(path): \(String(cString: strerror(errno)))")
  }

  /// What the program says on standard error, as far as it has; at most 64 KiB from the end.
  package var saidLast: String {
    String(decoding: messages.contents(atMost: 64 << 10), as: UTF8.self)
  }

  /// Hands over the output as it comes, and waits for the program's end.
  /// - Parameter seconds: of this call, at most; then the program is ended.
  package func read(
    within seconds: Double, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> End {
    let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      guard wait(until: deadline) else { return stopped(.timeout) }
      let count = Glibc.read(output, chunk.baseAddress, chunk.count)
      if count == 0 { break }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { break }
      try body(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
    }
    return waitForEnd(until: deadline)
  }

  /// Ends the program and what it started.
  package func stop() {
    let isKilled = kill(-processID, SIGKILL) == 0 || kill(processID, SIGKILL) == 0
    // In a sandbox nobody is killed: what was started there ends with who started it.
    guard isKilled || errno == ESRCH else {
      end = .signal(SIGKILL)
      return
    }
    _ = end ?? reap(options: 0)
  }

  private func stopped(_ why: End) -> End {
    stop()
    return why
  }

  /// False when the time is over.
  private func wait(until deadline: ContinuousClock.Instant) -> Bool {
    while true {
      let left = deadline - .now
      guard left > .zero else { return false }
      let milliseconds = min(left.components.seconds, 1000) * 1000 + 1000
      var event = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      let count = poll(&event, 1, Int32(min(milliseconds, Int64(left / .milliseconds(1)) + 1)))
      if count > 0 { return true }
      if count < 0, errno != EINTR { return true }
    }
  }

  private func waitForEnd(until deadline: ContinuousClock.Instant) -> End {
    while true {
      if let end = reap(options: WNOHANG) { return end }
      guard ContinuousClock.now < deadline else { return stopped(.timeout) }
      usleep(1000)
    }
  }

  private func reap(options: Int32) -> End? {
    var status: Int32 = 0
    let reaped = waitpid(processID, &status, options)
    guard reaped != 0 else { return nil }
    let result: End =
      reaped < 0 || status & 0x7F == 0 ? .exit((status >> 8) & 0xFF) : .signal(status & 0x7F)
    end = result
    return result
  }
}

/// A file that is only in memory.
package final class MemoryFile {
  package let descriptor: Int32

  /// - Throws: `ChildProcess.CannotStart`
  package init() throws {
    descriptor = sandbox_memory_file("docproc")
    guard descriptor >= 0 else {
      throw ChildProcess.CannotStart(
        description: "no file in memory can be made: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  /// On a disk, below TMPDIR and without a name there; in memory where that cannot be.
  /// - Throws: `ChildProcess.CannotStart`
  package init(onDisk: Bool) throws {
    let folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    let made = onDisk ? sandbox_unnamed_file(folder) : -1
    descriptor = made >= 0 ? made : sandbox_memory_file("docproc")
    guard descriptor >= 0 else {
      throw ChildProcess.CannotStart(
        description: "no file can be made: \(String(cString: strerror(errno)))")
    }
  }

  /// - Throws: `ChildProcess.CannotStart` where there is no room for them.
  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw ChildProcess.CannotStart(
          description: "a file in memory cannot be written: \(String(cString: strerror(errno)))")
      }
      done += count
    }
  }

  /// What is read next is the file's beginning.
  package func rewind() { lseek(descriptor, 0, SEEK_SET) }

  /// The last bytes of what was written.
  package func contents(atMost most: Int) -> [UInt8] {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return [] }
    let count = min(most, Int(status.st_size))
    var bytes = [UInt8](repeating: 0, count: count)
    let got = pread(descriptor, &bytes, count, Int(status.st_size) - count)
    return Array(bytes.prefix(max(0, got)))
  }
}
